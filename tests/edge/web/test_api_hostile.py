"""What hostile programs try: names that lead elsewhere, headers within headers, bodies that are none."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from syncline.people import Role
from syncline.web.application import create
from syncline.web.guard import Limits
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.program import API, Program
from tests.edge.web.test_tenants import filled, routes
from tests.edge.web.visitor import Browser

NAMES = [
    *("..%2f..%2fsyncline.yaml", "%252e%252e", "...", "....//", "..%5c..", "%2fetc%2fpasswd", "example%2f..%2fexample"),
    *(
        "%0d%0aSet-Cookie:%20a=b",
        "%0aX-Evil:%201",
        "%00",
        "%ED%A0%80",
        "%ff%fe",
        "%F0%9F%90%88",
        "a" * 3000,
        "%25s%25n",
    ),
    *("' OR 1=1 --", "<script>", "${env:HOME}", "{{7*7}}", "-1", "1e999", "null"),
]


@pytest.fixture
def program(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)


def files(program: Program) -> dict[str, int]:
    """What people have written."""
    found = [*program.workspace.folder.rglob("*.yaml"), *program.workspace.folder.glob("*")]
    return {str(path): path.stat().st_mtime_ns for path in found if path.is_file()}


def test_no_name_leads_anywhere_or_breaks_anything(program: Program) -> None:
    run, before = program.start()["id"], files(program)
    usual = {"connection": "example", "model": "BOOKS", "run": run}
    there = [(method, path) for method, path in routes(program.app) if path.startswith(API)]
    hostile = [(route, name, odd) for route in there for name in usual if f"{{{name}}}" in route[1] for odd in NAMES]
    assert len(hostile) > len(there)
    for (method, path), name, odd in hostile:
        answer = program.client.request(method, filled(path, usual | {name: odd}), json=_body(method))
        assert 300 <= answer.status_code < 500, (method, path, odd, answer.text)
        assert not {"set-cookie", "x-evil"} & set(answer.headers), (method, path, odd)
    assert files(program) == before


def _body(method: str) -> Any:
    return {} if method in {"POST", "PUT", "PATCH"} else None


BODIES = [
    b"",
    b"{",
    b"\xff\xfe",
    b'"text"',
    b"null",
    b"[" * 100_000,
    b'{"models":' * 50_000,
    b'{"full_sync": NaN}',
    b'{"data_models_to_sync": ["\\ud800"]}',
    b'{"data_models_to_sync": [' + b'"BOOKS",' * 5000 + b'"BOOKS"]}',
    b'{"source_files": [{"url": "https://example.com/a", "attributes": {"a": 1e999}}]}',
    b'{"source_files": [{"url": "https://[::1", "part": "../x"}]}',
    b'{"models": {"BOOKS": {"key": ' + b"9" * 5000 + b"}}}",
]


def test_no_body_breaks_anything(program: Program) -> None:
    headers = {"Content-Type": "application/json", "If-Match": program.get("/connections/example").headers["etag"]}
    before = files(program)
    there = [(method, path) for method, path in routes(program.app) if path.startswith(f"{API}/connections")]
    for method, path in there:
        for content in BODIES if method in {"POST", "PUT"} else ():
            way = filled(path, {"connection": "example", "model": "BOOKS"})
            answer = program.client.request(method, way, content=content, headers=headers)
            assert answer.status_code < 500, (method, path, content[:50], answer.text)
    assert files(program) == before


def test_a_body_that_is_too_large_is_refused(workspace: Workspace) -> None:
    small = create(workspace, starter=ThreadStarter(workspace), limits=Limits(size=1000))
    answer = Program(small, workspace).post("/connections/example/runs", {"data_models_to_sync": ["x" * 2000]})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("name", ["If-Match", "Accept", "Syncline-Tenant", "Idempotency-Key", "Range", "If-None-Match"])
def test_no_header_breaks_anything(program: Program, name: str) -> None:
    run = program.start()["id"]
    for value in ('"', "*", ",;q=;=", "q=x;" * 500, "é", "\x7f", "application/json;q=1e999", "bytes=9-1,-,5-", "' --"):
        for way in (f"/runs/{run}/models/BOOKS/changes", "/connections/example", "/connections/example/settings"):
            for method in ("GET", "PUT", "DELETE"):
                headers = {name: value.encode("utf-8")}
                answer = program.client.request(method, f"{API}{way}", json=_body(method), headers=headers)
                assert answer.status_code < 500, (method, way, value)
    assert program.get("/connections/example").status_code == 200


def test_a_page_of_another_site_starts_nothing_with_the_cookie_of_who_is_logged_in(
    workspace: Workspace, ann: Browser
) -> None:
    started = []
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        for content in (b"{}", json.dumps({"full_sync": True}).encode()):
            answer = ann.client.post(f"{API}/connections/example/runs", content=content, headers=headers)
            started.append(answer.status_code)
    assert set(started) == {403}
    assert workspace.store.runs() == []
    assert workspace.people().users()[0].role is Role.SYSTEM_ADMIN
