"""Rows that were pushed for another company go where the workspace of that company says."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from syncline.people import Role
from syncline.request import Request
from syncline.run import RunResult
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.push.steel import Program, guid, held, piece, steel_in


@pytest.fixture
def theirs(workspace: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """The workspace of the company `other`, with the same database."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    made = steel_in(folder)
    settings = (folder / "syncline.yaml").read_text().replace("tenant: steelworks", "tenant: other")
    if "SYNCLINE_DATABASE_URL" not in os.environ:
        settings += f'\ndatabase: "sqlite:///{workspace.own}/store.db"\n'
    (folder / "syncline.yaml").write_text(settings)
    made = Workspace.open(folder)
    yield made
    made.store.close()


def run(workspace: Workspace, **asked: Any) -> tuple[Any, ...]:
    starter = ThreadStarter(workspace)
    request = Request.parse({"data_models_to_sync": ["PIECES"], **asked})
    done = starter.wait(starter.start("plant", request, created_by="test"))
    counts = done.models[0].counts
    return done.result, done.models[0].mode, counts.inserted, counts.updated, counts.deleted


def plant(workspace: Workspace) -> dict[str, str]:
    with sqlite3.connect(workspace.folder / "plant.db") as database:
        return dict(database.execute("SELECT guid, mark FROM pieces ORDER BY guid").fetchall())


def test_what_was_pushed_for_another_company_goes_to_its_own_database_with_its_deletions(
    app: FastAPI, etl: Program, workspace: Workspace, theirs: Workspace
) -> None:
    admin = Program(app, workspace, role=Role.SYSTEM_ADMIN)
    assert etl.push(*(piece(number) for number in range(5))).status_code == 200
    told = admin.push(*(piece(number, mark="O", company_guid="other") for number in range(20)))
    assert told.json() == {"inserted": 20, "updated": 0}
    assert run(theirs) == (RunResult.SUCCESS, "full", 20, 0, 0)
    assert run(workspace) == (RunResult.SUCCESS, "full", 5, 0, 0)
    assert admin.push(piece(1, mark="P", company_guid="other"), piece(1, mark="S")).status_code == 200
    assert admin.delete({"guid": guid(2), "company_guid": "other"}).json() == {"deleted": 1}
    assert run(workspace, full_sync=True) == (RunResult.SUCCESS, "full", 0, 1, 0)  # and forgets no deletion of theirs
    assert run(theirs) == (RunResult.SUCCESS, "incremental", 0, 1, 1)
    assert run(theirs) == (RunResult.NO_CHANGES, "incremental", 0, 0, 0)
    for own, company in ((theirs, "other"), (workspace, "steelworks")):
        assert plant(own) == {name: row["mark"] for name, row in held(workspace, company).items()}
    assert (len(plant(theirs)), plant(theirs)[guid(1)]) == (19, "P")
    assert {run.tenant for run in theirs.store.runs()} == {"other"}
    assert {run.tenant for run in workspace.store.runs()} == {"steelworks"}


def test_a_company_pushes_for_itself_at_either_service(
    app: FastAPI, etl: Program, workspace: Workspace, theirs: Workspace
) -> None:
    own = create(theirs, starter=ThreadStarter(theirs))
    here, there = Program(app, workspace, "other"), Program(own, theirs)
    for program in (here, there):
        program.push(piece(1))
    assert (list(held(workspace, "other")), list(held(theirs)), list(held(workspace))) == ([guid(1)], [guid(1)], [])
    for mighty in (Program(app, theirs, role=Role.SYSTEM_ADMIN), Program(own, workspace, role=Role.SYSTEM_ADMIN)):
        company = "steelworks" if mighty.client.app is app else "other"
        assert mighty.push(piece(1, company_guid=company)).status_code == 403  # only at its own service
