"""What programs are told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from syncline.people import Role, Scope
from syncline.request import Request
from syncline.run import RunResult, RunStatus
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.visitor import Browser
from tests.edge.web.workspace import key

API = "/api/v1"


@pytest.fixture
def api(app: FastAPI, workspace: Workspace) -> TestClient:
    """A program that may look."""
    headers = key(workspace, Scope.SYNC_READ)
    return TestClient(app, "http://127.0.0.1", raise_server_exceptions=False, headers=headers)


def history(workspace: Workspace, count: int, connection: str = "example") -> list[str]:
    """Runs that have ended, newest first."""
    results = [RunResult.SKIPPED, RunResult.ERROR]
    return [workspace.store.record_run(connection, Request(), results[number % 2], {}).id for number in range(count)][
        ::-1
    ]


def test_connections_are_shown_without_their_settings(api: TestClient) -> None:
    (shown,) = api.get(f"{API}/connections").json()["items"]
    assert shown == api.get(f"{API}/connections/example").json()
    assert (shown["name"], shown["source"], shown["models"][0]["key"]) == ("example", "SqlSource", ["id"])
    assert "sqlite" not in str(shown)


def test_a_broken_connection_is_told(workspace: Workspace, api: TestClient) -> None:
    Path(workspace.folder, "connections", "bad.yaml").write_text("modles: {}")
    (error,) = api.get(f"{API}/connections").json()["errors"]
    assert error["file"] == "bad"


def test_a_run_is_shown_with_the_fields_of_a_sync(workspace: Workspace, api: TestClient) -> None:
    starter = ThreadStarter(workspace)
    run = starter.wait(starter.start("example", Request(), created_by="ann"))
    assert run.status is RunStatus.SUCCEEDED
    shown = api.get(f"{API}/runs/{run.id}").json()
    named = {"id", "siteId", "type", "status", "infos", "createdAt", "endedAt", "updatedAt", "deletedAt", "runner"}
    assert named | {"createByUserId"} <= shown.keys()
    assert (shown["siteId"], shown["createByUserId"], shown["models"][0]["counts"]["inserted"]) == ("shop", "ann", 3)
    assert api.get(f"{API}/connections/example").json()["activeRun"] is None


def test_the_history_is_read_page_by_page(workspace: Workspace, api: TestClient) -> None:
    known = history(workspace, 7)
    seen: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = api.get(f"{API}/runs", params={"limit": 3, **after}).json()
        seen += [run["id"] for run in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert sorted(seen) == sorted(known)


def test_the_history_is_filtered(workspace: Workspace, api: TestClient) -> None:
    history(workspace, 4)
    history(workspace, 1, "other")
    for wanted, count in (
        ({"connection": "other"}, 1),
        ({"status": "failed"}, 2),
        ({"type": "configuration update"}, 0),
        ({"model": "BOOKS"}, 0),
        ({"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}, 5),
        ({"since": "2999-01-01"}, 0),
        ({"status": "failed", "connection": "other"}, 0),
    ):
        found = api.get(f"{API}/runs", params=wanted)
        assert (found.status_code, len(found.json()["items"])) == (200, count), wanted


@pytest.mark.parametrize(
    "wanted",
    [
        {"status": "done"},
        {"limit": "0"},
        {"limit": "1" * 5000},
        {"since": "soon"},
        {"since": "1700000000"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"since": "9999-12-31T23:59:59-14:00"},
        {"after": "x"},
        {"after": "é"},
        {"after": "bnVsbA=="},
        {"after": "W10="},
        {"after": "WzEsMl0="},
        {"connection": "x" * 201},
    ],
)
def test_a_parameter_that_does_not_fit_is_named(api: TestClient, wanted: dict[str, str]) -> None:
    answer = api.get(f"{API}/runs", params=wanted)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["parameter"] == next(iter(wanted))


@pytest.mark.parametrize("text", ["%00", "x", "..%2f..", "%F0%9F%90%88", "' OR 1=1 --", "%ED%A0%80"])
def test_what_is_not_there_is_not_found(api: TestClient, text: str) -> None:
    for place in ("runs", "connections"):
        assert api.get(f"{API}/{place}/{text}").status_code in {400, 404}
    assert api.get(f"{API}/runs?connection={text}").status_code in {200, 400}


def test_a_beginning_of_an_id_is_no_id(workspace: Workspace, api: TestClient) -> None:
    (run,) = history(workspace, 1)
    assert api.get(f"{API}/runs/{run[:8]}").status_code == 404
    assert api.get(f"{API}/runs/{run}").status_code == 200


def test_every_mistake_is_told_in_the_same_form(app: FastAPI, api: TestClient) -> None:
    stranger = TestClient(app, "http://127.0.0.1")
    for answer, status in (
        (stranger.get(f"{API}/runs"), 401),
        (stranger.get(f"{API}/runs", headers={"X-API-Key": "slk_none"}), 401),
        (stranger.get(f"{API}/runs", headers={"Authorization": "Basic YTpi"}), 401),
        (api.get(f"{API}/nothing"), 404),
        (api.get("/api/nothing"), 404),
        (api.put(f"{API}/runs"), 405),
        (api.get(f"{API}/runs?limit=x"), 422),
        (api.get("/", headers={"Host": "evil.example"}), 400),
    ):
        told = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, told["status"]) == (status, status)
        assert told["type"].startswith("urn:syncline:problem:")
        assert told["title"]
        assert told["detail"]
        assert ("www-authenticate" in answer.headers) == (status == 401)


def test_not_known_and_not_allowed_are_told_apart(app: FastAPI, workspace: Workspace) -> None:
    client = TestClient(app, "http://127.0.0.1")
    assert client.get(f"{API}/runs").status_code == 401
    assert client.get(f"{API}/runs", headers=key(workspace, Scope.SYNC_WRITE)).status_code == 403
    assert client.get(f"{API}/runs", headers=key(workspace, Scope.ADMIN)).status_code == 200


def test_a_key_is_taken_in_either_header_until_it_is_revoked_or_expires(app: FastAPI, workspace: Workspace) -> None:
    client, people = TestClient(app, "http://127.0.0.1"), workspace.people()
    made, text = people.create_key("etl", [Scope.SYNC_READ])
    for headers in ({"X-API-Key": text}, {"Authorization": f"Bearer {text}"}, {"Authorization": f"bearer  {text}"}):
        assert client.get(f"{API}/runs", headers=headers).status_code == 200
    people.revoke(made.id)
    _, old = people.create_key("old", [Scope.SYNC_READ], expires_at=datetime.now(UTC))
    for gone in (text, old):
        answer = client.get(f"{API}/runs", headers={"X-API-Key": gone})
        assert answer.status_code == 401
        assert gone not in answer.text


def test_a_system_admin_may_act_for_any_company(app: FastAPI, workspace: Workspace) -> None:
    client = TestClient(app, "http://127.0.0.1")
    run = workspace.store_of("acme").record_run("theirs", Request(), RunResult.SKIPPED, {})
    admin = key(workspace, Scope.SYNC_READ, role=Role.SYSTEM_ADMIN)
    seen = client.get(f"{API}/runs", headers=admin | {"Syncline-Tenant": "acme"}).json()["items"]
    assert [one["id"] for one in seen] == [run.id]
    assert client.get(f"{API}/runs", headers=admin).json()["items"] == []
    other = key(workspace, Scope.ADMIN, role=Role.COMPANY_ADMIN)
    assert client.get(f"{API}/runs", headers=other | {"Syncline-Tenant": "acme"}).status_code == 403
    assert client.get(f"{API}/runs", headers=other | {"Syncline-Tenant": "shop"}).status_code == 200
    assert client.get(f"{API}/runs", headers=admin | {"Syncline-Tenant": "../x"}).status_code == 422


def test_who_is_logged_in_may_use_the_api_too(ann: Browser) -> None:
    assert ann.client.get(f"{API}/runs").status_code == 200


def test_the_description_of_the_api_is_whole(api: TestClient) -> None:
    told = api.get(f"{API}/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert set(told["components"]["securitySchemes"]) == {"key", "header", "session"}
    operations = [one["operationId"] for path in told["paths"].values() for one in path.values()]
    assert len(operations) == len(set(operations))
    assert all(path.startswith(API) for path in told["paths"])
