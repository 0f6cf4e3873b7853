"""Two S3 servers on this machine: one heeds conditions and checks no signature, the other the other way round."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

BUCKET, KEY, SECRET = "shop", "shopper", "s3same-s3same"
PROGRAMS = Path(sys.executable).parent


@contextmanager
def moto() -> Iterator[str]:
    """The address of a server that knows If-Match and If-None-Match."""
    port = _free_port()
    with _serving([str(PROGRAMS / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], port) as endpoint:
        httpx.put(f"{endpoint}/{BUCKET}").raise_for_status()
        yield endpoint


@contextmanager
def rclone(folder: Path) -> Iterator[str]:
    """The address of a server that checks who asks; its bucket is a folder in `folder`."""
    (folder / BUCKET).mkdir(parents=True)
    port = _free_port()
    options = ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}", "--config", os.devnull]
    with _serving([str(PROGRAMS / "rclone"), "serve", "s3", *options, str(folder)], port) as endpoint:
        yield endpoint


@contextmanager
def _serving(command: Sequence[str], port: int) -> Iterator[str]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
