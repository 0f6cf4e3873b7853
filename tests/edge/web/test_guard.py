"""What is sent to a real server: too much, too slowly, packed, or under another name."""

import asyncio
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from syncline.web.application import create
from syncline.web.guard import Limits
from syncline.web.guard.headers import POLICY
from syncline.workspace import Workspace
from tests.edge.web.visitor import Browser

SIZE = 1000
JSON = {"Content-Type": "application/json"}
PACKED = gzip.compress(b"x", mtime=0)


@pytest.fixture
def address(workspace: Workspace) -> Iterator[str]:
    """A real server of the site, with low limits and a route that says how much it got."""
    app = create(workspace, limits=Limits(SIZE, seconds=0.5))

    @app.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    @app.post("/json")
    def json(body: dict[str, int]) -> int:
        return len(body)

    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("path", ["echo", "json"])
def test_a_body_may_have_so_many_bytes_and_no_more(address: str, path: str) -> None:
    fits = b'{"a": 1}'.ljust(SIZE)
    url = f"{address}/{path}"
    assert httpx.post(url, content=fits, headers=JSON).status_code == 200
    for much in (fits + b" ", iter([fits, b" "]), iter([b" "] * (SIZE + 1))):
        answer = httpx.post(url, content=much, headers=JSON)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("path", ["echo", "json"])
def test_a_packed_body_is_unpacked_within_the_same_limit(address: str, path: str) -> None:
    url, fits = f"{address}/{path}", b'{"a": 1}'.ljust(SIZE)
    packed = JSON | {"Content-Encoding": "gzip"}
    assert httpx.post(url, content=gzip.compress(fits), headers=packed).status_code == 200
    bomb = gzip.compress(bytes(10_000_000))
    pieces = [bytes([byte]) for byte in gzip.compress(fits + b" ")]
    for much in (gzip.compress(fits + b" "), bomb[: SIZE - 1], iter(pieces)):
        assert httpx.post(url, content=much, headers=packed).status_code == 413


@pytest.mark.parametrize(
    "body", [b"plain", PACKED[:-1], PACKED + b"y", zlib.compress(b"x")], ids=["plain", "cut", "more", "zlib"]
)
def test_what_is_no_gzip_is_told(address: str, body: bytes) -> None:
    answer = httpx.post(f"{address}/echo", content=body, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


def test_another_packing_is_told(address: str) -> None:
    answer = httpx.post(f"{address}/echo", content=b"x", headers={"Content-Encoding": "br"})
    assert answer.status_code == 415


@pytest.mark.parametrize("sent", [b"", b"{"])
def test_a_body_that_does_not_come_is_not_waited_for(address: str, sent: bytes) -> None:
    host, port = address.removeprefix("http://").split(":")
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(b"POST /json HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n")
        line.sendall(b"Content-Length: 9\r\n\r\n" + sent)
        assert line.recv(100).startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began >= 0.4


def test_who_leaves_in_the_midst_of_a_request_is_no_fault_of_ours(app: FastAPI) -> None:
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    told = {"type": "http", "method": "POST", "path": "/login", "query_string": b"", "scheme": "http"}
    scope = {**told, "headers": [(b"host", b"127.0.0.1"), kind], "client": ("127.0.0.1", 1)}
    said = iter([{"type": "http.request", "body": b"csrf", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(said)

    async def send(message: Any) -> None:
        assert message.get("status") in (400, None)

    asyncio.run(app(scope, receive, send))


def test_a_route_that_takes_its_time_is_not_hurried(workspace: Workspace) -> None:
    app = create(workspace, limits=Limits(SIZE, seconds=0.01))

    @app.post("/slow")
    def slow() -> int:
        time.sleep(0.05)
        return 1

    assert TestClient(app, "http://127.0.0.1").post("/slow", content=b"{}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/login", "/static/app.css", "/nothing", "/api/v1/runs", "/api/v1/openapi.json", "/welcome/x"]
)
def test_every_answer_says_what_a_browser_may_do_with_it(browser: Browser, path: str) -> None:
    headers = browser.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert headers["referrer-policy"] == "same-origin"


def test_a_fault_is_told_without_its_insides(app: FastAPI, browser: Browser) -> None:
    @app.get("/fault")
    def fault() -> None:
        raise RuntimeError("s3same")

    answer = browser.client.get("/fault")
    assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
    assert "s3same" not in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/static/../page.py", "/static/%2e%2e/page.py", "/static/..%2fpage.py", "/static/x"])
def test_static_files_are_those_and_no_others(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404
