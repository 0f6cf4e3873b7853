"""What was committed is published once more, whatever the checks say; nothing is read or sent."""

from __future__ import annotations

from syncline.connection import Connection, ModelSync
from syncline.errors import SynclineError
from syncline.patience import patient
from syncline.pipeline.progress import Progress
from syncline.pipeline.publish import plan_of, publish
from syncline.pipeline.session import Session, opened
from syncline.pipeline.start import work_for
from syncline.request import Request
from syncline.run import Run, Store
from syncline.storage import Storage

_MODE = "publish"


def republish(
    connection: Connection, request: Request, store: Store, storage: Storage, *, force: bool, runner: str = "process"
) -> Run:
    """A run that publishes what lags, in the models of the request; with `force` without the checks.

    Raises:
        ConfigError: the request does not fit the connection.
        Busy: another run is active.
    """
    with opened(connection, request, store, storage, runner=runner) as session:
        for sync in session.models:
            with session.log.hearing():
                _publish(session, sync, force=force)
    return session.run


def _publish(session: Session, sync: ModelSync, *, force: bool) -> None:
    progress = Progress(session, sync.name, session.request.mode(session.connection, sync))
    progress.reads(_MODE)
    progress.enter(_MODE)
    fence = session.run.fence
    try:
        work = work_for(session.connection, sync, session.request, session.store, session.storage, fence=fence)
        done = patient(lambda: publish(work, work.head, force=force))
        if done.files and not done.withheld:
            session.store.published(session.run, sync.name, plan_of(work, work.head))
    except SynclineError as error:  # one model's fault must not stop the others (R24)
        progress.failed(error, sync.where)
    else:
        progress.succeeded(work.head, done)
