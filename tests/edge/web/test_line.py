"""Clients that say slowly what they want, at the server that `syncline serve` runs."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from deployments.web import MOST_FILES, listening, served
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace

BEGUN = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
Address = tuple[str, int]


@pytest.fixture
def address(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    monkeypatch.setattr("deployments.line.PATIENCE", 0.3)
    with listening("127.0.0.1", 0) as line, served(workspace, line, ThreadStarter(workspace), None):
        yield line.getsockname()


def test_who_never_says_what_is_wanted_is_not_waited_for(address: Address) -> None:
    for begun in (b"", b"G", BEGUN, BEGUN + b"X-Long: "):
        with socket.create_connection(address, timeout=20) as line:
            line.sendall(begun)
            assert line.recv(1) == b"", begun


def test_who_says_a_little_at_a_time_is_waited_for_as_long_in_all(address: Address) -> None:
    began = time.monotonic()
    with socket.create_connection(address, timeout=20) as line, suppress(ConnectionError):
        line.sendall(BEGUN)
        while time.monotonic() - began < 20:
            line.sendall(b"X: y\r\n")
            time.sleep(0.02)
    assert 0.2 < time.monotonic() - began < 10


def test_a_second_request_on_the_line_has_its_time_too_and_no_more(address: Address) -> None:
    with socket.create_connection(address, timeout=20) as line:
        for _ in range(2):
            line.sendall(BEGUN + b"\r\n")
            assert answered(line).startswith(b"HTTP/1.1 303")
            time.sleep(0.2)  # between them nothing is wanted
        line.sendall(BEGUN)
        assert line.recv(1) == b""


def test_an_answer_may_take_longer(workspace: Workspace, address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    people = Workspace.people

    def slow(*args: object, **named: object) -> object:
        time.sleep(0.5)
        return people(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Workspace, "people", slow)
    with socket.create_connection(address, timeout=20) as line:
        line.sendall(BEGUN + b"Connection: close\r\n\r\n")
        assert answered(line).startswith(b"HTTP/1.1 303")


def test_there_may_be_as_many_lines_as_the_system_allows(address: Address) -> None:
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert few == min(most, MOST_FILES)


def answered(line: socket.socket) -> bytes:
    """One whole answer."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = line.recv(65536)
        assert piece, head
        head += piece
    head, _, body = head.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    while len(body) < length:
        body += line.recv(65536)
    return head
