"""What every address of the API does alike, as HTTP has it."""

import socket
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from syncline.errors import TransientError
from syncline.people import Scope
from syncline.web.problem import Problem
from syncline.workspace import Workspace
from tests.edge.web.program import API, Program
from tests.edge.web.real import serving
from tests.edge.web.test_tenants import filled, routes
from tests.edge.web.workspace import key

BROKEN, JSON = b'{"full_sync"', {"Content-Type": "application/json"}
THERE = {"connection": "example", "model": "BOOKS", "run": "x", "key": "1"}


@pytest.fixture
def program(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)


def test_a_stranger_is_told_so_whatever_is_sent(app: FastAPI) -> None:
    stranger = TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)
    for method, path in routes(app):
        if path.startswith(API):
            answer = stranger.request(method, filled(path, THERE), content=BROKEN, headers=JSON)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path)
    assert stranger.get("/api/v1/openapi.json").status_code == 200


def test_the_body_of_a_stranger_is_not_waited_for(app: FastAPI) -> None:
    with serving(app) as address, socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as line:
        line.sendall(b"POST /api/v1/connections HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 401")


def test_where_people_cannot_be_looked_up_that_is_told(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise TransientError("the database cannot be reached", retry_after=5)

    monkeypatch.setattr("syncline.web.guard.api.caller_of", away)
    answer = TestClient(app, "http://127.0.0.1").get("/api/v1/runs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_what_is_no_json_is_told_with_its_place(program: Program) -> None:
    answer = program.client.post(f"{API}/connections/example/runs", content=BROKEN, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == "this is not JSON: Expecting ':' delimiter, at character 12"


@pytest.mark.parametrize("path", ["/connections/example/runs", "/connections", "/sync/pieces"])
def test_a_body_of_another_kind_is_refused(program: Program, path: str) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "text/csv; charset=utf-8", "application/jsonx"):
        answer = program.client.post(f"{API}{path}", content=b"x=1", headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["hint"]) == (415, "Content-Type: application/json"), kind


def test_a_body_that_is_json_by_any_name_or_not_there_is_taken(program: Program) -> None:
    path = f"{API}/connections/none/runs"
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"):
        assert program.client.post(path, content=b"{}", headers={"Content-Type": kind}).status_code == 404, kind
    assert program.client.post(path, content=b'{"full_sync": true}').status_code == 404
    empty = {"Content-Type": "application/x-www-form-urlencoded"}  # as `curl -d ''` sends it
    assert program.client.post(path, headers=empty).status_code == 404


def test_a_parameter_nobody_knows_is_no_filter_that_lets_everything_pass(program: Program) -> None:
    answer = program.get("/runs?conection=shop&status=failed")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["parameter"] == "conection"
    assert "connection" in error["detail"].partition("known are ")[2].split(", ")
    assert program.get("/connections?x=1").status_code == 422


def test_a_method_that_is_not_for_an_address_is_told_with_all_that_are(program: Program) -> None:
    answer = program.client.patch(f"{API}/connections/example")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PUT, DELETE")
    assert "GET" in answer.json()["hint"]
    assert program.client.put(f"{API}/connections/example/refresh").headers["allow"] == "POST"


def test_an_address_that_is_not_there_leads_to_the_description(program: Program) -> None:
    answer = program.get("/conections")
    assert (answer.status_code, answer.json()["hint"]) == (404, "what there is stands in /api/v1/openapi.json")
    assert program.get("/connections/none").json()["detail"] == "there is no connection `none`"


def test_head_is_answered_where_get_is_and_without_a_body(app: FastAPI, workspace: Workspace) -> None:
    with serving(app) as address, httpx.Client(base_url=address, headers=key(workspace, Scope.SYNC_READ)) as client:
        for path in ("runs", "connections/example", "connections/none", "openapi.json"):
            wanted, head = client.get(f"{API}/{path}"), client.head(f"{API}/{path}")
            assert (head.status_code, head.content) == (wanted.status_code, b""), path
            assert head.headers["content-length"] == wanted.headers["content-length"], path


@pytest.mark.parametrize(
    ("status", "kind"),
    [(413, "content-too-large"), (414, "uri-too-long"), (416, "range-not-satisfiable"), (422, "unprocessable-content")],
)
def test_problems_are_called_alike_whichever_python_serves_them(status: int, kind: str) -> None:
    assert Problem(status, "").as_json()["type"] == f"urn:syncline:problem:{kind}"
