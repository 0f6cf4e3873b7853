"""Syncline's own pages and API, served beside Prefect in the same process."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from ipaddress import ip_address

from deployments.passage import PREFIX, Passage
from syncline.errors import ConfigError
from syncline.telling import telling
from syncline.web.application import create, greeting
from syncline.web.starter import Starter
from syncline.web.warm import warm
from syncline.workspace import Workspace

STOPS_WITHIN = 3
MOST_FILES = 65_536
"""So many lines and files may be open at a time, if the system allows it; what it starts with is often a thousand."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that is ours from now on, so that nobody takes the port while Prefect starts.

    Raises:
        ConfigError: the port is taken or not allowed, or the address is not ours.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        line = socket.create_server((host, port), family=family, backlog=128)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for the one before
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "choose another --port or --host"
        raise ConfigError(f"cannot listen at {host}:{port}: {reason}", hint=hint) from error
    with line:
        yield line


@contextmanager
def served(
    workspace: Workspace, line: socket.socket, starter: Starter, prefect: Passage | None = None
) -> Iterator[list[str]]:
    """The pages and the API, as long as the block runs; gives what is to be said to who started it.

    Where only this machine can reach it, it is open as long as there are no users. `prefect` leads to a server whose
    page is found beneath ours.
    """
    import uvicorn  # noqa: PLC0415 - a quarter of a second, while Prefect starts

    from deployments.line import HEADERS, Line  # noqa: PLC0415 - with it

    _allow_many()
    address = workspace.settings.web.address
    is_private = ip_address(line.getsockname()[0]).is_loopback and not address
    app = create(workspace, starter=starter, may_be_open=is_private, annexes={PREFIX: prefect} if prefect else {})
    # Without its lifespan: what is to be said is said here, and a link that is given is the only one that works.
    # What a proxy says of who asks is believed where people come by another address than ours, as through a proxy.
    config = uvicorn.Config(
        app,
        http=Line,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(address),
        h11_max_incomplete_event_size=HEADERS,
    )
    config.timeout_graceful_shutdown = STOPS_WITHIN
    server = uvicorn.Server(config)
    own = copy_context()  # it knows Prefect's server as this thread does; else Prefect would start one more, for itself
    thread = threading.Thread(target=own.run, args=(server.run, [line]), name="web", daemon=True)
    thread.start()
    try:
        warm(app)
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        with telling(workspace):
            yield greeting(app.state.site, url_of(line))
    finally:
        server.should_exit = True
        thread.join(STOPS_WITHIN + 1)


def _allow_many() -> None:
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    if few != resource.RLIM_INFINITY and few < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def url_of(line: socket.socket) -> str:
    """Where a browser on this machine finds what listens there."""
    host, port = line.getsockname()[:2]
    place = ip_address(host)
    if place.is_unspecified:
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
