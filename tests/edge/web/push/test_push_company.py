"""Who may push, for whom, how often a request counts, and where its rows go."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from syncline.people import Role, Scope
from syncline.request import Request
from syncline.run import RunResult
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.push.steel import PIECES, Program, errors, guid, held, piece
from tests.edge.web.visitor import PASSWORD, Browser
from tests.edge.web.workspace import key

SYNC = "/api/v1/sync"


def test_a_request_with_a_key_counts_once(etl: Program, workspace: Workspace) -> None:
    said = {"Idempotency_Key": "monday", "Prefer": "return=representation"}
    first = etl.push(piece(), piece(1), **said)
    etl.delete(guid(1))
    again = etl.push(piece(), piece(1), **said)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert first.json()["inserted"] == 2
    assert "idempotency-replayed" not in first.headers
    assert len(held(workspace)) == 1
    assert etl.push(piece(), **said).status_code == 422
    assert etl.delete(guid(1), **said).status_code == 422
    assert etl.push(piece(), Idempotency_Key="x" * 201).status_code == 422
    assert Program(etl.client.app, workspace, "other").push(piece(1), **said).json()["inserted"] == 1  # type: ignore[arg-type]


def test_a_request_that_failed_leaves_its_key_free(etl: Program) -> None:
    assert etl.push(piece(mark=7), Idempotency_Key="monday").status_code == 422
    assert etl.push(piece(), Idempotency_Key="monday").json()["inserted"] == 1


def test_who_may_push_is_a_matter_of_scope_and_role(app: FastAPI, workspace: Workspace) -> None:
    client = TestClient(app, "http://127.0.0.1")
    assert client.post(PIECES, json=[]).status_code == 401
    assert client.post(PIECES, json=[], headers=key(workspace, Scope.SYNC_READ)).status_code == 403
    assert client.request("DELETE", PIECES, json=[], headers=key(workspace, Scope.RUNS_WRITE)).status_code == 403
    for role, status in ((Role.VIEWER, 403), (Role.INTEGRATION, 200), (Role.COMPANY_ADMIN, 200)):
        email = f"{role}@example.com"
        workspace.people().add_user(email, role, password=PASSWORD)
        browser = Browser(TestClient(app, "http://127.0.0.1", follow_redirects=False))
        assert browser.log_in(email).status_code == 303
        headers = {"X-CSRF-Token": browser.csrf("/")}
        assert browser.client.post(PIECES, json=[], headers=headers).status_code == status, role
        assert browser.client.post(PIECES, json=[]).status_code == 403  # from a page of somebody else's


def test_another_companys_guid_is_unknown_and_never_touched(app: FastAPI, etl: Program, workspace: Workspace) -> None:
    other = Program(app, workspace, "other", Role.COMPANY_ADMIN)
    etl.push(piece(1))
    assert other.push(piece(1, mark="X")).json() == {"inserted": 1, "updated": 0}
    assert other.delete(guid(1)).json() == {"deleted": 1}
    assert held(workspace)[guid(1)]["mark"] == "P1"
    answer = other.push(piece(2), piece(1, company_guid="steelworks"))
    assert (answer.status_code, errors(answer)) == (403, [(1, "company_guid")])
    assert other.delete({"guid": guid(1), "company_guid": "steelworks"}).status_code == 403
    assert other.push(piece(2, company_guid="other")).json() == {"inserted": 1, "updated": 0}
    assert (list(held(workspace)), list(held(workspace, "other"))) == ([guid(1)], [guid(2)])


def test_a_system_admin_may_push_for_any_company(app: FastAPI, workspace: Workspace) -> None:
    admin = Program(app, workspace, role=Role.SYSTEM_ADMIN)
    assert admin.push(piece(1), piece(1, company_guid="a"), piece(1, company_guid="b")).json()["inserted"] == 3
    assert admin.push(piece(2), Syncline_Tenant="a").json()["inserted"] == 1
    assert [len(held(workspace, one)) for one in (None, "a", "b")] == [1, 2, 1]
    assert errors(admin.push(piece(3), piece(4, company_guid="../x"))) == [(1, "company_guid")]
    assert errors(admin.push(piece(3), piece(4, company_guid=7))) == [(1, "company_guid")]
    assert admin.delete({"guid": guid(1), "company_guid": "b"}).json() == {"deleted": 1}


def test_clients_that_push_the_same_items_at_once_all_count(app: FastAPI, etl: Program, workspace: Workspace) -> None:
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda turn: etl.push(*(piece(n, mark=str(turn)) for n in range(20))), range(64)))
    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json() for answer in answers]
    assert sum(one["inserted"] for one in told) == 20
    assert sum(one["updated"] for one in told) == 64 * 20 - 20
    rows = held(workspace)
    assert len({row["mark"] for row in rows.values()}) == 1  # the last request, whole
    assert workspace.pushed().latest("pieces") == 64 * 20


def test_what_was_pushed_goes_to_a_database_with_its_deletions(etl: Program, workspace: Workspace) -> None:
    def run(**asked: Any) -> tuple[Any, ...]:
        starter = ThreadStarter(workspace)
        asked = {"data_models_to_sync": ["PIECES"], **asked}
        done = starter.wait(starter.start("plant", Request.parse(asked), created_by="test"))
        counts = done.models[0].counts
        return done.result, done.models[0].mode, counts.inserted, counts.updated, counts.deleted

    def plant() -> list[tuple[str, str]]:
        with sqlite3.connect(workspace.folder / "plant.db") as database:
            return database.execute("SELECT guid, mark FROM pieces ORDER BY guid").fetchall()

    etl.push(*(piece(number) for number in range(20)))
    assert run() == (RunResult.SUCCESS, "full", 20, 0, 0)
    etl.push(piece(1), piece(2, mark="P2"), piece(30))
    etl.delete(guid(3))
    assert run() == (RunResult.SUCCESS, "incremental", 1, 1, 1)
    etl.push(piece(1), piece(2, mark="P2"))
    assert run() == (RunResult.NO_CHANGES, "incremental", 0, 0, 0)
    assert plant() == [(name, row["mark"]) for name, row in held(workspace).items()]
    etl.push(piece(1, mark="late"))
    etl.delete(guid(4))
    assert run(full_sync=True) == (RunResult.SUCCESS, "full", 0, 1, 1)
    assert run() == (RunResult.NO_CHANGES, "incremental", 0, 0, 0)
    assert plant() == [(name, row["mark"]) for name, row in held(workspace).items()]
