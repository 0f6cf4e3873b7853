"""Everything on one machine: pages and API, a Prefect server of our own, and what executes the runs."""

from __future__ import annotations

from deployments import privacy  # noqa: F401 - before Prefect

# isort: split

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import NoReturn, TypeAlias

from prefect.client.orchestration import get_client
from prefect.settings import get_current_settings
from rich.console import Console

from deployments.deploy import register
from deployments.executor import Executor, close_abandoned, either
from deployments.following import follow_files
from deployments.passage import PREFIX, Passage
from deployments.server import LOOPBACK, Server, ServerDied, answers, connected, started_server
from deployments.starter import PrefectStarter
from deployments.update import start_updates
from deployments.web import listening, served, url_of
from syncline.connection import Schedule
from syncline.errors import ConfigError
from syncline.workspace import Workspace

FINISH_WITHIN = 20.0
"""Seconds that active runs get when we are told to stop."""
Ready: TypeAlias = Callable[[str], None]


def serve(workspace: Workspace, *, host: str = LOOPBACK, port: int = 4200, ready: Ready | None = None) -> None:
    """Serve the pages and the API of a workspace, and execute its schedules and what is started, until interrupted.

    Starts a Prefect server whose database lies in the workspace; where PREFECT_API_URL is set, that server is used.

    Args:
        workspace: whose connections.
        host: where pages and API are found. Prefect's own server, which knows no users, is for this machine alone.
        port: their port; 0 takes a free one.
        ready: called once with the address of Prefect's API, when the first run could be taken.

    Raises:
        ConfigError: the port is taken, the server does not start, or the one that is configured does not answer.
        ServerDied: the server ended by itself.
    """
    home = workspace.own / "prefect"
    with listening(host, port) as line, _server(home) as (api_url, server):
        with connected(api_url, home, word=server.word if server else ""):
            asyncio.run(_serve(workspace, line, api_url, server, ready))
        if server is not None and not server.is_alive:
            raise ServerDied("the Prefect server ended by itself", hint=f"its last words are in {server.log}")
    Console().print("Stopped.")


@contextmanager
def _server(home: Path) -> Iterator[tuple[str, Server | None]]:
    """The server that is configured, or else our own."""
    configured = get_current_settings().api.url
    if configured is None:
        with started_server(home, beneath=PREFIX, word=token_urlsafe()) as server:
            yield server.api_url, server
    elif answers(configured):
        yield configured, None
    else:
        hint = "start it, or unset PREFECT_API_URL to use one of Syncline's own"
        raise ConfigError(f"no Prefect server answers at {configured}", hint=hint)


async def _serve(
    workspace: Workspace, line: socket.socket, api_url: str, server: Server | None, ready: Ready | None
) -> None:
    stop = _told_to_stop()
    async with get_client() as client:
        if server is not None:
            await close_abandoned(client)
        workspace.look_again()
        seen = workspace.connections
        deployments = await register(workspace, client)
        await start_updates(workspace, client, deployments)
        executor = Executor(client, deployments)
        page = PREFIX if server else api_url.removesuffix("/api")
        passage = Passage(server.url, workspace.settings.web.address, server.word) if server else None
        starter = PrefectStarter(workspace, api_url, deployments, page)
        with served(workspace, line, starter, passage) as greeting:
            url = url_of(line)
            announce(workspace, f"{url}{PREFIX}" if server else api_url, url, greeting)
            if ready:
                ready(api_url)
            following = follow_files(workspace, seen, starter, client, deployments)
            await either(executor.work(stop), _death(server), following)
        left = await executor.finish(FINISH_WITHIN if server is None or server.is_alive else 0.0)
    if left:
        _leave(left, server)


def _told_to_stop() -> asyncio.Event:
    """An event for SIGINT and SIGTERM. A second signal ends the process at once; our server notices and ends too."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def heard() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, heard)
    return stop


async def _death(server: Server | None) -> None:
    """Return when our server has ended by itself."""
    while server is None or server.is_alive:  # noqa: ASYNC110 - a process's end is no event, and a thread would hang on
        await asyncio.sleep(1)


def _leave(left: list[str], server: Server | None) -> NoReturn:
    """End although runs are active: their threads cannot be stopped, and what they promised the next run finishes."""
    if server is not None:
        server.stop()
    Console(stderr=True).print(f"left unfinished: {', '.join(left)}; the next run goes on from there")
    sys.stdout.flush()
    os._exit(1)


def announce(workspace: Workspace, api_url: str, url: str = "", greeting: Sequence[str] = ()) -> None:
    """Say where the pages are, who may come in, and what runs when."""
    out = Console(highlight=False, soft_wrap=True)
    if url:
        out.print(f"Syncline: {workspace.settings.web.address or url}")
    for said in greeting:
        out.print(said, markup=False)
    out.print(f"Prefect: {api_url.removesuffix('/api')}")
    for connection in workspace.connections.values():
        for model in connection.models:
            out.print(f"  {connection.name}/{model.name}: {_in_words(model.schedule)}")
    for file, error in workspace.errors.items():
        out.print(f"  {file}: cannot be used: {error}", markup=False)
    for (connection_name, model_name), clash in workspace.clashes.items():
        out.print(f"  {connection_name}/{model_name}: cannot run: {clash}", markup=False)
    if not workspace.connections and not workspace.errors:
        out.print("  no connections yet; add one in connections/ and start again")
    out.print("Ctrl-C stops.")


def _duration(every: timedelta | None) -> str:
    """As the connection's file would say it, e.g. `15m`."""
    seconds = int(every.total_seconds()) if every else 0
    units = [("d", 86400), ("h", 3600), ("m", 60)]
    return next((f"{seconds // size}{unit}" for unit, size in units if seconds and seconds % size == 0), f"{seconds}s")


def _in_words(schedule: Schedule | None) -> str:
    if schedule is None:
        return "no schedule, started by hand"
    when = f"cron {schedule.cron} ({schedule.timezone})" if schedule.cron else f"every {_duration(schedule.every)}"
    return f"{when}, {schedule.mode}"
