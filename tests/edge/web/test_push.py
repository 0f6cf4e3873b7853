"""Rows pushed in bulk (P5), with the memory in SQLite and in PostgreSQL."""

import gzip
import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from syncline.people import Role, Scope
from syncline.request import Request
from syncline.run import RunResult
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.contracts.postgresql import Server, running
from tests.edge.web.steel import PIECES, Program, guid, piece, steel_in
from tests.edge.web.visitor import PASSWORD, Browser
from tests.edge.web.workspace import key

SYNC = "/api/v1/sync"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(
    tmp_path: Path, server: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    if request.param == "postgresql":
        monkeypatch.setenv("SYNCLINE_DATABASE_URL", server.new_database())
    made = steel_in(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def etl(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)


def held(workspace: Workspace, tenant: str | None = None, model: str = "pieces") -> dict[str, Any]:
    rows = workspace.pushed(tenant).rows(model, after="", limit=10_000)
    return {name: json.loads(text) for name, text in rows}


def errors(answer: Any) -> list[tuple[int | None, str | None]]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [(error.get("item"), error.get("field")) for error in answer.json()["errors"]]


def test_a_known_guid_is_updated_an_unknown_one_created_a_missing_one_generated(
    etl: Program, workspace: Workspace
) -> None:
    assert etl.push(piece(1), piece(2)).json() == {"inserted": 2, "updated": 0}
    assert etl.push(piece(2, mark="P2"), piece(3), piece()).json() == {"inserted": 2, "updated": 1}
    rows = held(workspace)
    assert len(rows) == 4
    assert [rows[guid(number)]["mark"] for number in (1, 2, 3)] == ["P1", "P2", "P1"]


def test_an_item_is_a_whole_row(etl: Program, workspace: Workspace) -> None:
    etl.push(piece(1, grade="S355", quantity=2))
    etl.push(piece(1, quantity=3))
    assert held(workspace)[guid(1)] == {"mark": "P1", "profile": "IPE 300", "quantity": 3}


def test_values_are_kept_digit_by_digit(etl: Program, workspace: Workspace) -> None:
    body = b'[{"guid":"%s","mark":"\\u0000 \xf0\x9f\x90\x88","profile":"","weight":123456789.012,"length":1e3,' % (
        guid(1).encode()
    )
    assert etl.send(body + b'"quantity":2.0,"painted":true,"updated_at":"2026-01-01T01:00:00+01:00"}]').json() == {
        "inserted": 1,
        "updated": 0,
    }
    assert held(workspace)[guid(1)] == {
        "mark": "\0 🐈",
        "profile": "",
        "weight": "123456789.012",
        "length": "1000.0",
        "quantity": 2,
        "painted": True,
        "updated_at": "2026-01-01 00:00:00.000000Z",
    }


def test_a_guid_is_one_however_it_is_written(etl: Program) -> None:
    name = "16FD2706-8BAF-433B-82EB-8C7FADA847DA"
    assert etl.push(piece() | {"guid": name}).json()["inserted"] == 1
    for other in (name.lower(), f"{{{name}}}", f"urn:uuid:{name}", name.replace("-", "")):
        assert etl.push(piece() | {"guid": other}).json() == {"inserted": 0, "updated": 1}
    assert errors(etl.push(piece() | {"guid": name}, piece() | {"guid": name.lower()})) == [(1, "guid")]


@pytest.mark.parametrize("model", ["projects", "components", "assemblies", "pieces", "articles"])
def test_each_example_model_has_an_endpoint(etl: Program, model: str) -> None:
    item = {"number": "1", "name": "a", "mark": "m", "quantity": 1, "profile": "p"}
    told = {one["name"]: one for one in etl.client.get(SYNC).json()["items"]}
    columns = {column["name"] for column in told[model]["columns"]}
    fitting = {name: value for name, value in item.items() if name in columns}
    assert etl.push(fitting, path=f"{SYNC}/{model}").json() == {"inserted": 1, "updated": 0}


def test_a_model_nobody_declared_is_not_found(etl: Program) -> None:
    assert etl.push(piece(), path=f"{SYNC}/beams").status_code == 404


def test_a_thousand_items_pass_and_one_more_does_not(etl: Program, workspace: Workspace) -> None:
    assert etl.push(*(piece(number) for number in range(1001))).status_code == 400
    assert held(workspace) == {}
    assert etl.push(*(piece(number) for number in range(1000))).json() == {"inserted": 1000, "updated": 0}
    assert etl.delete(*(guid(number) for number in range(1001))).status_code == 400
    assert etl.push().json() == {"inserted": 0, "updated": 0}


def test_the_limit_is_a_setting_of_each_model(tmp_path: Path) -> None:
    (tmp_path / "syncline.yaml").write_text("push: {notes: {columns: {text: text}, batch: 2}}\n")
    workspace = Workspace.open(tmp_path)
    program = Program(create(workspace), workspace)
    assert program.push({}, {}, path=f"{SYNC}/notes").status_code == 200
    assert program.push({}, {}, {}, path=f"{SYNC}/notes").status_code == 400
    workspace.store.close()


def test_what_does_not_fit_is_named_by_item_and_field_and_nothing_is_taken(etl: Program, workspace: Workspace) -> None:
    answer = etl.push(
        piece(1),
        piece(2, quantity="many", length=1.25, painted="yes"),
        {"guid": guid(3), "mark": 7, "colour": "red"},
        piece(4) | {"guid": "P4"},
        piece(1, weight=[1]),
    )
    assert (answer.status_code, held(workspace)) == (422, {})
    assert sorted(errors(answer)) == [
        (1, "length"),
        (1, "painted"),
        (1, "quantity"),
        (2, "colour"),
        (2, "mark"),
        (2, "profile"),
        (3, "guid"),
        (4, "guid"),
        (4, "weight"),
    ]
    assert errors(etl.push(piece(), 7, None, [])) == [(1, None), (2, None), (3, None)]


def test_very_many_mistakes_are_told_in_part(etl: Program) -> None:
    answer = etl.push(*({"a": 1, "b": 2} for _ in range(1000)))
    assert (len(errors(answer)), answer.json()["detail"]) == (100, "4,000 values do not fit")


BROKEN = [b"", b"{}", b"7", b"[", b"[NaN]", b"[Infinity]", b"\xff", b"[" * 100_000, b'[{"mark":', b"\x1f\x8b"]
BROKEN += [b'[{"quantity":' + b"9" * 5000 + b"}]", "[]".encode("utf-16"), b'[{"mark":"\\ud800","profile":"x"}]']


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_array_of_items_is_told(etl: Program, workspace: Workspace, body: bytes) -> None:
    answer = etl.send(body)
    assert (answer.status_code, held(workspace)) == (422, {})
    assert answer.json()["detail"]


def test_a_name_that_stands_twice_is_not_guessed_at(etl: Program) -> None:
    assert errors(etl.send(b'[{}, {"mark":"a","mark":"b","profile":"c"}]')) == [(1, "mark")]


def test_a_body_may_be_packed_and_has_a_limit(etl: Program, workspace: Workspace) -> None:
    packed = gzip.compress(json.dumps([piece(1)]).encode())
    assert etl.send(packed, Content_Encoding="gzip").json() == {"inserted": 1, "updated": 0}
    assert etl.send(packed[:-9], Content_Encoding="gzip").status_code == 400
    assert etl.send(b"[]", Content_Encoding="br").status_code == 415
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert etl.send(bomb, Content_Encoding="gzip").status_code == 413
    assert etl.send(b" " * (16 * 1024 * 1024 + 1)).status_code == 413
    assert len(held(workspace)) == 1


def test_items_are_deleted_by_their_guids(etl: Program, workspace: Workspace) -> None:
    etl.push(*(piece(number) for number in range(1, 5)))
    answer = etl.delete(guid(1), guid(2).upper(), {"guid": guid(3), "company_guid": "steelworks"}, guid(99))
    assert answer.json() == {"deleted": 3}
    assert list(held(workspace)) == [guid(4)]
    assert etl.delete(guid(1)).json() == {"deleted": 0}
    assert errors(etl.delete(guid(4), guid(4), "x", {"guid": guid(5), "mark": "a"}, {})) == [
        (1, "guid"),
        (2, "guid"),
        (3, "mark"),
        (4, "guid"),
    ]
    assert etl.push(piece(1)).json() == {"inserted": 1, "updated": 0}


def test_generated_guids_are_told_to_who_asks(etl: Program, workspace: Workspace) -> None:
    answer = etl.push(piece(), piece(7), Prefer="return=representation")
    assert answer.headers["preference-applied"] == "return=representation"
    assert answer.json()["guids"][1] == guid(7)
    assert set(answer.json()["guids"]) == set(held(workspace))


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
