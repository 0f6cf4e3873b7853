"""A Prefect server as a child process: started on this machine, and never left behind."""

from __future__ import annotations

from deployments import privacy  # noqa: F401 - before Prefect

# isort: split

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from prefect.logging.handlers import APILogHandler, PrefectConsoleHandler
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, PREFECT_HOME, temporary_settings

from syncline.errors import ConfigError, SynclineError

LOOPBACK = "127.0.0.1"
STARTS_WITHIN = 120.0
STOPS_WITHIN = 8.0
_CHILD = Path(__file__).with_name("server_child.py")
_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "50",
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "2",
}


@contextmanager
def prefect_server(home: Path, port: int | None = None, *, host: str = LOOPBACK) -> Iterator[str]:
    """A Prefect server that lives as long as the block; gives the URL of its API.

    Args:
        home: the folder for its database and log; the same folder gives the same history again.
        port: None takes a free one.
        host: the address it listens at.

    Raises:
        ConfigError: the port is taken or not allowed, or the server does not start.
    """
    with started_server(home, port, host=host) as server:
        yield server.api_url


@contextmanager
def started_server(
    home: Path, port: int | None = None, *, host: str = LOOPBACK, beneath: str = "", word: str = ""
) -> Iterator[Server]:
    """The same, for who wants to know whether it still lives.

    Its page is made to be found `beneath` a path. Where there is a `word`, it answers those alone who know it: it has
    no users, and everybody on this machine, and any page in a browser here, can reach its port.
    """
    server = Server.start(home, _usable_port(host, port), host, beneath, word)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()


class ServerDied(SynclineError):
    """The Prefect server ended by itself."""


class Server:
    """A child process that serves Prefect's API and page."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path, word: str = "") -> None:
        self.process = process
        self.url = url
        self.log = log
        self.word = word

    @classmethod
    def start(cls, home: Path, port: int, host: str, beneath: str = "", word: str = "") -> Server:
        """Start it, without waiting until it answers."""
        home.mkdir(parents=True, exist_ok=True)
        url, log = f"http://{_in_url(host)}:{port}", home / "server.log"
        # With the port as an argument alone the page would call :4200.
        own = {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": f"{url}/api",
            "PREFECT_SERVER_API_HOST": host,
            "PREFECT_SERVER_API_PORT": str(port),
        }
        if beneath:
            own |= {"PREFECT_SERVER_UI_SERVE_BASE": beneath, "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "page")}
        if word:
            own["PREFECT_SERVER_API_AUTH_STRING"] = word
        with log.open("ab") as output:
            # Its own session: Ctrl-C is for us; we stop it when our runs have ended.
            process = subprocess.Popen(  # noqa: S603 - our own file, our own interpreter
                [sys.executable, "-P", str(_CHILD)],
                env={**os.environ, **_SETTINGS, **own},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(process, url, log, word)

    @property
    def api_url(self) -> str:
        """What PREFECT_API_URL would say."""
        return f"{self.url}/api"

    @property
    def is_alive(self) -> bool:
        """Whether the process is still there."""
        return self.process.poll() is None

    def wait_until_ready(self) -> None:
        """Return once it answers.

        Raises:
            ConfigError: it ended, or does not answer in time.
        """
        deadline = time.monotonic() + STARTS_WITHIN
        while not answers(self.api_url):
            if not self.is_alive:
                raise ConfigError("the Prefect server did not start", hint=f"its last words are in {self.log}")
            if time.monotonic() > deadline:
                message = f"the Prefect server does not answer at {self.url} within {STARTS_WITHIN:.0f} s"
                raise ConfigError(message, hint=f"see {self.log}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it: politely, then for certain."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOPS_WITHIN)
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()


@contextmanager
def connected(api_url: str, home: Path | None = None, *, quiet: bool = False, word: str = "") -> Iterator[None]:
    """Within the block Prefect's client talks to this API; `quiet` keeps its log lines off the terminal."""
    more = ({PREFECT_HOME: home} if home else {}) | ({PREFECT_API_AUTH_STRING: word} if word else {})
    with temporary_settings({PREFECT_API_URL: api_url, **more}), _silence(quiet=quiet):
        try:
            yield
        finally:
            APILogHandler().flush()  # before the server may be gone


def answers(api_url: str) -> bool:
    """Whether a healthy server is there."""
    try:
        with urlopen(f"{api_url}/health", timeout=2) as response:  # noqa: S310 - http, from our own settings
            return response.status == 200  # noqa: PLR2004
    except (URLError, OSError, ValueError):
        return False


def _usable_port(host: str, port: int | None) -> int:
    """The port itself if it is free, or any free one.

    Raises:
        ConfigError: it is taken, or may not be used.
    """
    try:
        address = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(address[0], address[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[4])
            return int(probe.getsockname()[1])
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"cannot listen at {host}:{port}: {reason}", hint="choose another --port or --host"
        ) from error


def _in_url(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return LOOPBACK
    return f"[{host}]" if ":" in host else host


@contextmanager
def _silence(*, quiet: bool) -> Iterator[None]:
    """Prefect's lines still reach its server; whoever shows progress in a way of their own wants no others."""
    terminals = [handler for handler in logging.getLogger().handlers if isinstance(handler, PrefectConsoleHandler)]
    levels = [handler.level for handler in terminals]
    for handler in terminals if quiet else ():
        handler.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for handler, level in zip(terminals, levels, strict=True):
            handler.setLevel(level)
