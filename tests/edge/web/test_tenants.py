"""Nothing crosses a tenant (Invariant 10): a walk over every route there is, also those that come later."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from httpx import Response
from starlette.testclient import TestClient

from syncline.people import Role, Scope
from syncline.request import Request
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.workspace import key

PUBLIC = {"/login", "/logout", "/theme", "/welcome/{token}", "/login/oidc", "/login/oidc/back"}
"""What strangers may ask for; everything else wants to know who they are."""
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
SECRET = "BOOKS"
"""What stands in all that belongs to the company of the workspace."""


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Each route there is, as method and path."""
    for found in iter_route_contexts(app.routes):
        if isinstance(found.original_route, APIRoute):
            yield from ((method, found.path) for method in sorted(METHODS & set(found.methods or ())))


def filled(path: str, known: dict[str, str]) -> str:
    """The path with what there is at another company; a parameter of another name gets one that exists somewhere."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda name: known.get(name[1], "example"), path)


@pytest.fixture
def theirs(workspace: Workspace) -> dict[str, str]:
    """What the company of the workspace has, by the names that parameters have."""
    starter, people = ThreadStarter(workspace), workspace.people()
    run = starter.wait(starter.start("example", Request(), created_by="ann"))
    made, _ = people.create_key("etl", [Scope.SYNC_READ])
    user = people.add_user("ann@example.com", Role.VIEWER)
    return {
        "run": run.id,
        "id": run.id,
        "name": "example",
        "connection": "example",
        "model": SECRET,
        "plan": run.models[0].plan,
        "tenant": workspace.settings.tenant,
        "way": "latest.csv",
        "key": made.id,
        "user": user.id,
        "email": user.email,
    }


def asked(client: TestClient, method: str, path: str, headers: dict[str, str]) -> Response:
    body: Any = {} if method in {"POST", "PUT", "PATCH"} else None
    return client.request(method, path, json=body, headers=headers, follow_redirects=False)


def test_strangers_get_nowhere(app: FastAPI, theirs: dict[str, str]) -> None:
    client = TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)
    there = list(routes(app))
    assert ("GET", "/api/v1/runs/{run}") in there
    for method, path in there:
        if path not in PUBLIC:
            answer = asked(client, method, filled(path, theirs), {})
            assert answer.status_code == 401, (method, path)
            assert SECRET not in answer.text


@pytest.mark.parametrize("role", [Role.COMPANY_ADMIN, Role.INTEGRATION])
def test_another_company_finds_nothing_and_changes_nothing(
    app: FastAPI, workspace: Workspace, theirs: dict[str, str], role: Role
) -> None:
    client = TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)
    headers = key(workspace, *Scope, tenant="acme", role=role)
    before = remembered(workspace)
    for method, path in routes(app):
        way = filled(path, theirs)
        answer = asked(client, method, way, headers)
        assert answer.status_code < 500, (method, path)
        assert answer.status_code not in {200, 201, 202, 204} or "{" not in path, (method, path)
        for own in (SECRET, theirs["run"], theirs["key"], theirs["email"]):
            assert own in way or own not in answer.text, (method, path)
        for told in (headers | {"Syncline-Tenant": theirs["tenant"]},):
            assert path in PUBLIC or asked(client, method, way, told).status_code == 403, (method, path)
    assert remembered(workspace) == before


def remembered(workspace: Workspace) -> list[Any]:
    """What is remembered of the company of the workspace."""
    people, store = workspace.people(), workspace.store
    return [store.runs(), store.heads("example"), store.entries(closed=True), people.users(), people.keys()]


def test_the_walk_would_find_a_leak(app: FastAPI, workspace: Workspace, theirs: dict[str, str]) -> None:
    @app.get("/leak/{run}")
    def leak(run: str) -> Any:
        return workspace.store.run(run).as_json()

    with pytest.raises(AssertionError, match="leak"):
        test_strangers_get_nowhere(app, theirs)
    with pytest.raises(AssertionError, match="leak"):
        test_another_company_finds_nothing_and_changes_nothing(app, workspace, theirs, Role.INTEGRATION)
