"""How runs are started and cancelled: by an orchestrator, or without one in a thread of this process."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Protocol

from syncline.pipeline import opened, sync_model
from syncline.request import Request
from syncline.run import Run
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

    def cancel(self, run: Run) -> None:
        """Have the run end after the model it is at; what is committed stays (R30)."""

    def page_of(self, run: Run) -> str:
        """Where the orchestrator shows the run; empty: nowhere."""

    def follow(self) -> None:
        """Have the orchestrator know the connections as they are now.

        Raises:
            TransientError: it does not answer.
        """


class Cancelled(KeyboardInterrupt):
    """Somebody has cancelled the run."""

    def __str__(self) -> str:
        return "cancelled after the model that was running"


class ThreadStarter:
    """Runs connections in threads of this process, with no orchestrator."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._cancelled: dict[str, threading.Event] = {}
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

    def cancel(self, run: Run) -> None:
        """Have the run end after the model it is at."""
        if (told := self._cancelled.get(run.id)) is not None:
            told.set()

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

    def _sync(self, name: str, request: Request, created_by: str, begun: Future[Run]) -> None:
        place = self._workspace
        with opened(place.connection(name), request, place.store, place.storage, created_by=created_by) as session:
            told = self._cancelled[session.run.id] = threading.Event()
            begun.set_result(session.run)
            try:
                for model in session.models:
                    sync_model(session, model)
                    if told.is_set():
                        raise Cancelled
            finally:
                del self._cancelled[session.run.id]
