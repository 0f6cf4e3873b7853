"""Fetching a file from an address that strangers may have chosen."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from syncline.download import _is_public, download
from syncline.errors import ConfigError, DataError, Missing, TransientError
from tests.edge.file_server import SECRET, Server


def fetch(url: str, path: Path, *, private: bool = True, most: int = 1 << 20) -> bytes:
    download(url, path / "x", allows_private=private, most_bytes=most)
    return (path / "x").read_bytes()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]"]
)
def test_private_addresses_are_refused_unless_the_workspace_allows_them(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"not a public address.*allow_private_urls"):
        fetch(f"http://{host}:9/a.csv?{SECRET}", tmp_path, private=False)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
    ],
)
def test_what_a_public_address_is(address: str, public: bool) -> None:  # noqa: FBT001
    assert _is_public(address) is public


def test_redirects_are_followed_and_each_is_checked(server: Server, tmp_path: Path) -> None:
    server.answers |= {"/a.csv": "b.csv", "/b.csv": b"there", "/round": "/round", "/file": "file:///etc/passwd"}
    assert fetch(server.url("/a.csv"), tmp_path) == b"there"
    with pytest.raises(ConfigError, match="on and on"):
        fetch(server.url("/round"), tmp_path)
    with pytest.raises(ConfigError, match="no address of a file"):
        fetch(server.url("/file"), tmp_path)


def test_what_is_busy_is_tried_again_and_what_is_too_large_is_not(server: Server, tmp_path: Path) -> None:
    server.answers |= {"/busy": 503, "/large": b"x" * 2000, "/gone": 410, "/odd": 418}
    with pytest.raises(TransientError, match="503") as caught:
        fetch(server.url("/busy"), tmp_path)
    assert SECRET not in str(caught.value)
    with pytest.raises(DataError, match="larger than 1,000 bytes"):
        fetch(server.url("/large"), tmp_path, most=1000)
    with pytest.raises(Missing):
        fetch(server.url("/gone"), tmp_path)
    with pytest.raises(ConfigError, match="418"):
        fetch(server.url("/odd"), tmp_path)


def test_a_file_that_breaks_off_is_no_file(server: Server, tmp_path: Path) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")

    server.answers["/half"] = half
    with pytest.raises(TransientError, match="cannot be fetched"):
        fetch(server.url("/half"), tmp_path)


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="cannot be fetched"):
        fetch("http://127.0.0.1:9/a.csv", tmp_path)
    with pytest.raises(TransientError, match="cannot be found"):
        fetch("http://no-such-host.invalid/a.csv", tmp_path)
