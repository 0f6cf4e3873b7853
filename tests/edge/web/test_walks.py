"""Walks over every route there is, also those that come later: forged requests, looking around, and stored HTML."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from syncline.people import Role, Scope
from syncline.request import Request
from syncline.run import RunResult, RunStatus
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.test_tenants import filled, remembered, routes
from tests.edge.web.visitor import PASSWORD, Browser

HTML = "<img src=x onerror=alert(1)>"
FOREIGN = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]


def known(workspace: Workspace) -> dict[str, str]:
    """What there is, by the names that parameters have."""
    starter = ThreadStarter(workspace)
    run = starter.wait(starter.start("example", Request(), created_by=HTML))
    key, _ = workspace.people().create_key(HTML, [Scope.SYNC_READ])
    names = {"run": run.id, "id": run.id, "connection": "example", "name": "example", "model": "BOOKS"}
    return names | {"tenant": "shop", "key": key.id, "plan": run.models[0].plan, "way": "latest.csv"}


def unsafe(app: FastAPI, names: dict[str, str]) -> list[tuple[str, str]]:
    return [(method, filled(path, names)) for method, path in routes(app) if method != "GET"]


def test_no_page_of_another_site_gets_anything_done(app: FastAPI, workspace: Workspace, ann: Browser) -> None:
    names = known(workspace)
    before, token = remembered(workspace), ann.csrf("/")
    every = unsafe(app, names)
    assert ("POST", "/api/v1/connections/example/runs") in every
    for method, path in every:
        for headers in ({}, *({"X-CSRF-Token": token, **one} for one in FOREIGN), {"X-CSRF-Token": token[::-1]}):
            bodies: list[dict[str, Any]] = [{"json": {}}, {"data": {"x": "y"}}]
            for body in bodies:
                answer = ann.client.request(method, path, headers=headers, **body)
                assert answer.status_code == 403, (method, path, headers)
    assert remembered(workspace) == before


def test_no_page_of_another_site_gets_anything_done_where_nobody_has_to_log_in(workspace: Workspace) -> None:
    names = known(workspace)
    app = create(workspace, may_be_open=True)
    client = TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False)
    assert client.get("/api/v1/runs").status_code == 200
    before = remembered(workspace)
    for method, path in unsafe(app, names):
        for headers in FOREIGN:
            assert client.request(method, path, headers=headers, json={}).status_code == 403, (method, path)
    assert remembered(workspace) == before


def test_looking_changes_nothing(app: FastAPI, workspace: Workspace, ann: Browser) -> None:
    names = known(workspace)
    before = remembered(workspace)
    for method, path in routes(app):
        if method == "GET":
            assert ann.get(filled(path, names)).status_code < 500, path
    assert remembered(workspace) == before


@pytest.fixture
def littered(workspace: Workspace) -> dict[str, str]:
    """HTML in all that people or systems can name, write or send."""
    folder = workspace.folder
    (folder / "connections" / f"{HTML.replace('/', '')}.yaml").write_text(f"models: '{HTML}'\n")
    file = folder / "connections" / "example.yaml"
    file.write_text(file.read_text().replace("on_delete", "x").replace("from: book ", f"from: book # {HTML} "))
    with closing(sqlite3.connect(folder / "example" / "shop.db")) as shop, shop:
        shop.execute("INSERT INTO book VALUES (9, ?, ?, '2027-01-01 00:00:00')", (HTML, HTML))
    people = workspace.people(actor=HTML, address=HTML)
    people.note(HTML, HTML, details=HTML)
    names = known(workspace)
    store = workspace.store
    store.record_run("example", Request(), RunResult.SKIPPED, {"error": HTML, "reason": HTML, HTML: HTML})
    run = store.open_run("example", Request(), created_by=HTML, runner=HTML, flow_run=HTML)
    store.close_run(run, RunStatus.FAILED, RunResult.ERROR, {"error": HTML, "hint": HTML})
    return names


def test_html_that_was_stored_is_shown_as_it_is_written(
    app: FastAPI, workspace: Workspace, littered: dict[str, str]
) -> None:
    workspace.people().add_user("ann@example.com", Role.SYSTEM_ADMIN, password=PASSWORD)
    browser = Browser(TestClient(app, "http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False))
    browser.log_in("ann@example.com")
    runs = [run.id for run in workspace.store.runs()]
    seen = ""
    for method, path in routes(app):
        for run in runs if "{run}" in path or "{id}" in path else runs[:1]:
            way = filled(path, {**littered, "run": run, "id": run})
            for end in ("", f"?q={HTML}&status={HTML}&connection={HTML}&next={HTML}&after={HTML}"):
                seen += shown(browser, way + end) if method == "GET" else ""
    assert "&lt;img src=x" in seen


def shown(browser: Browser, way: str) -> str:
    """A page, in which no tag may stand that somebody else wrote."""
    answer = browser.get(way)
    kind: Any = answer.headers.get("content-type", "")
    is_page = "html" in kind
    assert answer.status_code < 500, way
    assert not is_page or "<img" not in answer.text, way
    assert is_page or answer.headers["x-content-type-options"] == "nosniff", way
    return answer.text if is_page else ""


def test_the_walk_would_find_a_forged_request_and_html(app: FastAPI, workspace: Workspace, ann: Browser) -> None:
    @app.post("/forgetful")
    def forgetful() -> str:
        return "done"

    with pytest.raises(AssertionError, match="forgetful"):
        test_no_page_of_another_site_gets_anything_done(app, workspace, ann)
