"""Settings that changed are carried out by themselves, when serving begins and while it goes on."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncline import Request, RunType, pipeline
from syncline.run import Run
from syncline.workspace import Workspace
from tests.edge.with_prefect.served import CONNECTION, Served, until

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]
FEWER = ', filter: "id > 1"'


class Tools:
    """A workspace of one connection, which was synced once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "connections").mkdir()
        self.say("")
        with sqlite3.connect(folder / "shop.db") as shop:
            shop.executescript("create table orders (id integer primary key, total text)")
            shop.executescript("insert into orders values (1, '9.90'), (2, '1.10')")
        self.before = Workspace.open(folder)
        pipeline.sync(self.before.connection("tools"), Request(), self.before.store, self.before.storage)

    def say(self, more: str) -> None:
        """Write the connection's file."""
        (self.folder / "connections" / "tools.yaml").write_text(CONNECTION.format(model="ORDERS", more=more))

    def runs(self, kind: RunType) -> list[Run]:
        """The runs of a kind that were made by Prefect and have ended."""
        runs = self.before.store.runs("tools")
        return [run for run in runs if run.type is kind and run.result and run.runner == "prefect"]

    @contextmanager
    def served(self, prefect_url: str) -> Iterator[None]:
        """Serve it while the block runs."""
        served = Served(Workspace.open(self.folder), prefect_url)
        try:
            yield
        finally:
            served.process.send_signal(signal.SIGTERM)
            served.process.wait(30)

    def has_left(self) -> list[int]:
        """The rows of the warehouse."""
        with sqlite3.connect(self.folder / "warehouse.db") as warehouse:
            return [id for (id,) in warehouse.execute("select id from ORDERS")]


@pytest.mark.promise("P4.11")
def test_changed_settings_are_carried_out_when_serving_begins(tmp_path: Path, prefect_url: str) -> None:
    tools = Tools(tmp_path)
    tools.say(FEWER)
    (tmp_path / "shop.db").rename(tmp_path / "away.db")  # the source is not there
    with tools.served(prefect_url):
        (run,) = until(lambda: tools.runs(RunType.CONFIGURATION) or None)
    assert (run.result, run.models[0].counts.deleted, tools.has_left()) == ("success", 1, [2])


@pytest.mark.promise("P4.11")
def test_a_file_that_is_changed_while_it_is_served_is_followed(tmp_path: Path, prefect_url: str) -> None:
    tools = Tools(tmp_path)
    with tools.served(prefect_url):
        tools.say(FEWER)
        until(lambda: tools.runs(RunType.CONFIGURATION) or None)
        assert tools.has_left() == [2]
        tools.say(f"{FEWER}, schedule: {{every: 2s}}")
        until(lambda: tools.runs(RunType.RESOURCES) or None)
