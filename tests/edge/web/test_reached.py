"""How the service is reached: at once, and through a proxy or not."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deployments.web import listening, served, url_of
from syncline.people import Role
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.visitor import PASSWORD
from tests.edge.web.workspace import workspace_in

PROXY = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


@contextmanager
def served_at(workspace: Workspace) -> Iterator[str]:
    with listening("127.0.0.1", 0) as line, served(workspace, line, ThreadStarter(workspace)):
        yield url_of(line)
    workspace.store.close()


def test_no_answer_waits_for_the_one_before() -> None:
    with listening("127.0.0.1", 0) as line, socket.create_connection(line.getsockname()):
        taken, _ = line.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_cookies_of_others_on_this_machine_do_no_harm(tmp_path: Path) -> None:
    with served_at(workspace_in(tmp_path)) as url:
        cookies = "; ".join(f"other{number}={'x' * 4000}" for number in range(12))
        assert httpx.get(f"{url}/api/v1/runs", headers={"Cookie": cookies}).status_code == 200


def test_nobody_waits_for_the_many_small_pieces_of_another(tmp_path: Path) -> None:
    pieces = b"1\r\na\r\n" * 60_000
    form = b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked"
    head = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n" + form + b"\r\n\r\n"
    with served_at(workspace_in(tmp_path)) as url, httpx.Client(base_url=url, timeout=60) as client:
        client.get("/login")
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0)) as other:
            begun = time.monotonic()
            other.sendall(head + pieces + b"0\r\n\r\n")
            sent = time.monotonic()
            assert client.get("/login").status_code == 303
            waited = time.monotonic() - sent
            assert other.recv(12) == b"HTTP/1.1 403"
            assert waited < (time.monotonic() - begun) / 4


@pytest.mark.parametrize(
    ("settings", "address", "cookie"),
    [("", "127.0.0.1", "syncline_form"), ("web: {address: 'https://sync.example.com'}", "203.0.113.7", "__Host-")],
)
def test_a_proxy_is_believed_where_people_come_through_one(
    tmp_path: Path, settings: str, address: str, cookie: str
) -> None:
    workspace = workspace_in(tmp_path, settings)
    workspace.people().add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
    with served_at(workspace) as url, httpx.Client(base_url=url, headers=PROXY) as client:
        form = client.get("/login")
        assert form.headers["set-cookie"].startswith(cookie)
        csrf = form.text.partition('name="csrf" value="')[2].partition('"')[0]
        kept = {"Cookie": form.headers["set-cookie"].partition(";")[0]}
        told = {"csrf": csrf, "email": "ann@example.com", "password": "wrong"}
        assert client.post("/login", data=told, headers=kept).status_code == 401
        assert workspace.people().notes()[0].address == address


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Host"])
def test_nothing_is_open_to_who_comes_through_a_proxy(tmp_path: Path, header: str) -> None:
    with served_at(workspace_in(tmp_path)) as url:
        assert httpx.get(f"{url}/api/v1/runs").status_code == 200
        assert httpx.get(f"{url}/api/v1/runs", headers={header: "x"}).status_code == 401
