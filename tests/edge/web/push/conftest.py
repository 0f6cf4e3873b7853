"""The example workspace, with its memory in SQLite and in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from syncline.workspace import Workspace
from tests.contracts.postgresql import Server
from tests.edge.web.push.steel import Program, steel_in


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(
    tmp_path: Path, postgresql: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    if request.param == "postgresql":
        monkeypatch.setenv("SYNCLINE_DATABASE_URL", postgresql.new_database())
    made = steel_in(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def etl(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)
