"""How runs are started: by an orchestrator, or without one in a thread of this process."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Protocol

from syncline.connection import Connection
from syncline.errors import Busy
from syncline.pipeline import opened, sync, sync_models, update_before
from syncline.request import Request
from syncline.run import Run, RunResult, Store
from syncline.workspace import Workspace


class Starter(Protocol):
    """Starts runs of the workspace's connections in the background."""

    def start(self, connection: str, request: Request, *, created_by: str) -> Run:
        """Begin a run; gives it as soon as it holds the connection, or waits to.

        Raises:
            ConfigError: there is no such connection, or the request does not fit it.
            Busy: another run of the connection is active.
            TransientError: nobody is there to execute it.
        """

    def page_of(self, run: Run) -> str:
        """Where the orchestrator shows the run; empty: nowhere."""

    def follow(self) -> None:
        """Have the orchestrator know the connections as they are now.

        Raises:
            TransientError: it does not answer.
        """


def refuse_while_active(store: Store, connection: str) -> None:
    """See that no run holds a connection.

    Raises:
        Busy: one does.
    """
    if (active := store.active(connection)) is not None:
        hint = "wait until it has ended, or cancel it"
        raise Busy(f"connection {connection} is held by run {active.id}", run=active.id, hint=hint)


class ThreadStarter:
    """Runs connections in threads of this process, with no orchestrator."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._threads: dict[str, threading.Thread] = {}

    def start(self, connection: str, request: Request, *, created_by: str) -> Run:
        """Begin a run; gives it once it holds the connection."""
        begun: Future[Run] = Future()
        args = (connection, request, created_by, begun)
        thread = threading.Thread(target=self._run, args=args, name=f"run-{connection}", daemon=True)
        thread.start()
        run = begun.result()
        self._threads[run.id] = thread
        return run

    def page_of(self, run: Run) -> str:  # noqa: ARG002 - there is no orchestrator
        """Nowhere."""
        return ""

    def follow(self) -> None:
        """There is no orchestrator."""

    def wait(self, run: Run) -> Run:
        """Wait until a run has ended; gives it as it ended."""
        if (thread := self._threads.pop(run.id, None)) is not None:
            thread.join()
        return self._workspace.store.run(run.id)

    def _run(self, name: str, request: Request, created_by: str, begun: Future[Run]) -> None:
        try:
            self._sync(name, request, created_by, begun)
        except BaseException as error:  # noqa: BLE001 - before it began the starter is told, after that the run
            if not begun.done():
                begun.set_exception(error)
            else:  # one that still waits would wait for ever
                self._workspace.store.withdraw(begun.result().id, RunResult.ERROR, {"error": str(error)})

    def _sync(self, name: str, request: Request, created_by: str, begun: Future[Run]) -> None:
        place = self._workspace
        connection = place.connection(name)
        waiting = self._updated(connection, request, created_by, begun)
        with opened(
            connection, request, place.store, place.storage, created_by=created_by, run=waiting.id if waiting else None
        ) as session:
            if waiting is None:
                begun.set_result(session.run)
            sync_models(session)

    def _updated(self, connection: Connection, request: Request, created_by: str, begun: Future[Run]) -> Run | None:
        """Carry out changed settings before the run reads with them (R5); it waits meanwhile. None: none have changed.

        Raises:
            Busy: another run of the connection is active.
        """
        place, store = self._workspace, self._workspace.store
        if request.update or (asked := update_before(connection, request, store)) is None:
            return None
        for model in request.models(connection):
            request.mode(connection, model)
        refuse_while_active(store, connection.name)
        waiting = store.schedule_run(connection.name, request, runner="process", created_by=created_by)
        begun.set_result(waiting)
        try:
            sync(connection, asked, store, place.storage, created_by=created_by)
        except BaseException as error:
            store.withdraw(waiting.id, RunResult.ERROR, {"error": str(error)})
            raise
        return waiting
