"""Settings that changed are carried out by themselves when serving begins."""

import signal
import sqlite3
from pathlib import Path

import pytest

from syncline import Request, RunType, pipeline
from syncline.run import Run
from syncline.workspace import Workspace
from tests.edge.with_prefect.served import CONNECTION, Served, until

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


@pytest.mark.promise("P4.11")
def test_changed_settings_are_carried_out_when_serving_begins(tmp_path: Path, prefect_url: str) -> None:
    file = tmp_path / "connections" / "tools.yaml"
    file.parent.mkdir()
    file.write_text(CONNECTION.format(model="ORDERS", more=""))
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.executescript("create table orders (id integer primary key, total text)")
        shop.executescript("insert into orders values (1, '9.90'), (2, '1.10')")
    before = Workspace.open(tmp_path)
    pipeline.sync(before.connection("tools"), Request(), before.store, before.storage)
    file.write_text(CONNECTION.format(model="ORDERS", more=', filter: "id > 1"'))
    (tmp_path / "shop.db").rename(tmp_path / "away.db")  # the source is not there

    def updated() -> Run | None:
        return next(
            (run for run in before.store.runs("tools") if run.type is RunType.CONFIGURATION and run.result), None
        )

    served = Served(Workspace.open(tmp_path), prefect_url)
    try:
        run = until(updated)
    finally:
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(30)
    assert (run.runner, run.result, run.models[0].counts.deleted) == ("prefect", "success", 1)
    with sqlite3.connect(tmp_path / "warehouse.db") as warehouse:
        assert warehouse.execute("select id from ORDERS").fetchall() == [(2,)]
