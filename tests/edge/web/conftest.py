"""A workspace with its people, and its site, as a browser and as programs see it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from connectors.sql import SqlSource
from syncline.people import Role
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.visitor import PASSWORD, Browser
from tests.edge.web.workspace import workspace_in


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = workspace_in(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def app(workspace: Workspace) -> FastAPI:
    return create(workspace, starter=ThreadStarter(workspace))


@pytest.fixture
def browser(app: FastAPI) -> Browser:
    """A stranger's browser."""
    return Browser(TestClient(app, "http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False))


@pytest.fixture
def ann(workspace: Workspace, browser: Browser) -> Browser:
    """The browser of a SystemAdmin who is logged in."""
    workspace.people().add_user("ann@example.com", Role.SYSTEM_ADMIN, password=PASSWORD)
    assert browser.log_in("ann@example.com").status_code == 303
    return browser


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The source gives nothing until this is set, so that a run stays active."""
    go = threading.Event()
    read = SqlSource.read

    def waiting(self: SqlSource, request: Any) -> Any:
        assert go.wait(20)
        yield from read(self, request)

    monkeypatch.setattr(SqlSource, "read", waiting)
    yield go
    go.set()
