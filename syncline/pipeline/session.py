"""An open run: it holds the connection until it is closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from syncline.connection import Connection, ModelSync
from syncline.errors import Cancelled, LeaseLost, SynclineError
from syncline.model import JSON
from syncline.pipeline.log import Log
from syncline.request import Request
from syncline.run import ModelRun, Run, RunResult, RunStatus, RunType, Store
from syncline.storage import Storage

Listener: TypeAlias = Callable[[ModelRun], None]
RENEWALS = 3
"""How often a lease is renewed before it would expire."""


def unheard(_model: ModelRun) -> None:
    """Nobody listens."""


@dataclass
class Session:
    """An open run of a connection, and how far its models are."""

    connection: Connection
    request: Request
    store: Store
    storage: Storage
    run: Run
    log: Log
    listen: Listener = unheard
    models: tuple[ModelSync, ...] = ()
    ended: dict[str, ModelRun] = field(default_factory=dict)
    lost: threading.Event = field(default_factory=threading.Event)

    def guard(self) -> None:
        """See that the run still holds its connection.

        Raises:
            LeaseLost: it does not (Invariant 6).
        """
        if self.lost.is_set():
            raise LeaseLost(
                f"run {self.run.id} lost connection {self.connection.name}", hint="another run has taken over"
            )

    def heed(self) -> None:
        """See whether somebody wants the run to end; between two models it can.

        Raises:
            Cancelled: somebody does (R30).
        """
        if self.store.is_cancelled(self.run):
            raise Cancelled("cancelled after the model that was running")

    def note(self, model: ModelRun) -> None:
        """Tell the store and who listens how far a model is."""
        self.guard()
        self.ended[model.model] = model
        self.store.progress(self.run, model)
        self.log.flush()
        self.listen(model)


@contextmanager
def opened(  # noqa: PLR0913 - all but what and where by name
    connection: Connection,
    request: Request,
    store: Store,
    storage: Storage,
    *,
    runner: str = "process",
    created_by: str | None = None,
    flow_run: str | None = None,
    run: str | None = None,
    listen: Listener = unheard,
) -> Iterator[Session]:
    """Take the connection for a run, hold it while the block runs, and close the run with what came of its models.

    It is a new one, or the one that was scheduled as `run`.

    Raises:
        ConfigError: the request does not fit the connection.
        Busy: another run holds it.
    """
    models = request.models(connection)
    for model in models:
        request.mode(connection, model)
    kind = RunType.CONFIGURATION if request.update else RunType.RESOURCES
    begun = store.open_run(
        connection.name, request, type=kind, runner=runner, created_by=created_by, flow_run=flow_run, run=run
    )
    session = Session(connection, request, store, storage, begun, Log(store, begun), listen, models)
    stop = threading.Event()
    renewing = threading.Thread(target=_renew, args=(session, stop), name=f"lease-{begun.id}", daemon=True)
    renewing.start()
    try:
        with closing(session.log):
            yield session
    except BaseException as error:
        status, result, infos = RunStatus.FAILED, _interrupted(error), {"error": _short(error)}
        session.run = store.close_run(begun, status, result, infos)
        raise
    else:
        session.run = store.close_run(begun, *_summary(session))
    finally:
        stop.set()
        renewing.join()


def _renew(session: Session, stop: threading.Event) -> None:
    """Renew the lease while the run goes on; when that fails for a whole lease, it is lost (R21)."""
    last, pause = time.monotonic(), session.store.lease_seconds / RENEWALS
    while not stop.wait(pause):
        try:
            session.store.renew(session.run)
            last = time.monotonic()
        except LeaseLost:
            session.lost.set()
            return
        except SynclineError:
            if time.monotonic() - last > session.store.lease_seconds - pause:
                session.lost.set()
                return


def _interrupted(error: BaseException) -> RunResult:
    return RunResult.CANCELLED if isinstance(error, KeyboardInterrupt | Cancelled) else RunResult.ERROR


def _short(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _summary(session: Session) -> tuple[RunStatus, RunResult, dict[str, JSON]]:
    """How a run ended, from how its models did (R24, R30)."""
    ended = [session.ended[model.name] for model in session.models if model.name in session.ended]
    failed = [model for model in ended if model.status is RunStatus.FAILED]
    infos: dict[str, JSON] = {"error": "; ".join(f"{model.model}: {model.error}" for model in failed)} if failed else {}
    if failed and len(failed) == len(ended):
        return RunStatus.FAILED, RunResult.ERROR, infos
    results = {model.result for model in ended}
    for result in (RunResult.PARTIAL, RunResult.SUCCESS):
        if result in results or (failed and result is RunResult.PARTIAL):
            return RunStatus.SUCCEEDED, result, infos
    return RunStatus.SUCCEEDED, RunResult.NO_CHANGES, infos
