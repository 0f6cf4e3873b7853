"""The steps and their order, written once (R17)."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime

from syncline import owed
from syncline.connection import Connection, ModelSync
from syncline.errors import ConfigError, LeaseLost, SynclineError
from syncline.pipeline.plan import Plan
from syncline.pipeline.publish import is_due
from syncline.pipeline.session import Listener, Session, opened, unheard
from syncline.pipeline.start import work_for
from syncline.pipeline.steps import Steps, patient_steps
from syncline.pipeline.tidy import clear, tidy
from syncline.pipeline.work import Loaded, Work
from syncline.request import Request
from syncline.run import Head, ModelRun, Run, RunResult, RunStatus, Store
from syncline.storage import Storage

PROGRESS_SECONDS = 0.3
_log = logging.getLogger("syncline")


def sync(
    connection: Connection,
    request: Request,
    store: Store,
    storage: Storage,
    *,
    steps: Steps | None = None,
    runner: str = "process",
    created_by: str | None = None,
    listen: Listener = unheard,
) -> Run:
    """One run of a connection, from the lease to the publications.

    Raises:
        ConfigError: the request does not fit the connection.
        Busy: another run is active.
        LeaseLost: another run took over.
    """
    with opened(connection, request, store, storage, runner=runner, created_by=created_by, listen=listen) as session:
        for model in session.models:
            sync_model(session, model, steps)
    return session.run


def sync_model(session: Session, model: ModelSync, steps: Steps | None = None) -> ModelRun:
    """All steps of one model. What goes wrong with it is told in the result and does not stop the others (R24).

    Raises:
        LeaseLost: another run took over.
    """
    return _ModelSync(session, model, steps or patient_steps()).sync()


class _ModelSync:
    """One model on its way through the steps."""

    def __init__(self, session: Session, sync: ModelSync, steps: Steps) -> None:
        self._session = session
        self._sync = sync
        self._steps = steps
        mode = session.request.mode(session.connection, sync)
        self._run = ModelRun(sync.name, mode, RunStatus.RUNNING, started_at=datetime.now(UTC))
        self._reported = 0.0

    def sync(self) -> ModelRun:
        work: Work | None = None
        try:
            self._note(step="check")
            work = self._work()
            self._all_steps(work)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - one model's fault must not stop the others (R24)
            self._failed(error)
        if work is not None and not self._run.plan:
            clear(work.storage, work.folder, self._session.store.head(self._session.connection.name, self._sync.name))
        return self._run

    def _work(self) -> Work:
        return work_for(
            self._session.connection,
            self._sync,
            self._session.request,
            self._session.store,
            self._session.storage,
            fence=self._session.run.fence,
            guard=self._session.guard,
            report=self._report,
        )

    def _all_steps(self, work: Work) -> None:
        if work.head.promised:  # Invariant 2
            work = replace(work, head=self._finish(work))
        self._note(step="extract", mode=work.mode)
        extraction = self._steps.extract(work)
        self._count(read=extraction.read)
        self._note(step="diff")
        delta = self._steps.diff(work, extraction)
        self._count(late=delta.late)
        self._note(step="transform")
        plan = self._steps.transform(work, delta)
        head = self._carry_out(work, plan)
        files = self._publish(work, head)
        self._succeeded(work, head, files, changed=bool(len(plan)) or head.plan != work.head.plan)

    def _finish(self, work: Work) -> Head:
        """Finish a plan that an earlier run promised and did not commit."""
        plan = Plan.load(work.storage, work.head.promised)
        if plan.destination != work.destination:
            message = f"plan {plan.id} of {work.scope} was promised to another destination, {plan.destination}"
            raise ConfigError(
                message, where=self._sync.where, hint="set that destination again, or `syncline forget` the model"
            )
        plan.verify(work.storage)
        self._note(step="load")
        return self._commit(work, plan, self._steps.load(work, plan))

    def _carry_out(self, work: Work, plan: Plan) -> Head:
        if not len(plan):
            return self._commit_without_load(work, plan)
        self._session.guard()
        plan = plan.save(work.storage)
        self._session.store.promise(self._session.run, work.model.name, plan.name)
        self._run = replace(self._run, plan=plan.id)
        self._note(step="load")
        return self._commit(work, plan, self._steps.load(work, plan))

    def _commit_without_load(self, work: Work, plan: Plan) -> Head:
        """Nothing is to be sent; what is known may have moved all the same, e.g. a cursor."""
        if plan.head != work.head:
            self._make_table(work)
            plan = plan.save(work.storage)
            return self._commit(work, plan, Loaded(plan.head))
        return work.head

    def _make_table(self, work: Work) -> None:
        """A model that has no rows yet has a table all the same."""
        if work.head.is_new and work.connection.destination is not None:
            work.connection.destination.prepare(work.model, work.sync.target)

    def _commit(self, work: Work, plan: Plan, loaded: Loaded) -> Head:
        """Move the head, now that the destination has taken everything it will take (Invariant 1)."""
        self._session.guard()
        head = loaded.head
        rows = owed.owed_rows(work.storage, plan.model, head)
        entries = owed.entries(rows, plan.model, head.owed.name if head.owed else "")
        self._session.store.commit(self._session.run, plan.model.name, head, entries)
        self._count_changes(loaded)
        tidy(work.storage, work.home, head, plan)
        return head

    def _publish(self, work: Work, head: Head) -> tuple[str, ...]:
        if not is_due(work, head):
            return ()
        self._note(step="publish")
        files = self._steps.publish(work, head)
        self._session.store.published(self._session.run, work.model.name, head.plan)
        return files

    def _count_changes(self, loaded: Loaded) -> None:
        counts = self._run.counts
        self._count(
            inserted=counts.inserted + loaded.difference.inserted,
            updated=counts.updated + loaded.difference.updated,
            deleted=counts.deleted + loaded.difference.deleted,
        )

    def _count(self, **counts: int) -> None:
        self._run = replace(self._run, counts=replace(self._run.counts, **counts))

    def _note(self, *, step: str, **changed: object) -> None:
        self._run = replace(self._run, step=step, **changed)  # type: ignore[arg-type]
        self._session.note(self._run)

    def _report(self, rows: int) -> None:
        """Rows done so far in the running step, told at most a few times a second."""
        now = time.monotonic()
        counts = self._run.counts
        if self._run.step == "extract":
            self._count(read=counts.read + rows)
        else:
            self._count(loaded=counts.loaded + rows)
        if now - self._reported >= PROGRESS_SECONDS:
            self._reported = now
            self._session.note(self._run)

    def _succeeded(self, work: Work, head: Head, files: tuple[str, ...], *, changed: bool) -> None:
        rejected = head.owing.get(owed.REJECTED, 0) + head.owing.get(owed.REFUSED, 0)
        withheld = head.owing.get(owed.WITHHELD, 0) + head.owing.get(owed.ABSENT, 0)
        self._count(rejected=rejected, withheld=withheld)
        result = RunResult.SUCCESS if changed else RunResult.NO_CHANGES
        if rejected or withheld:
            result = RunResult.PARTIAL  # R30
        ended = {"status": RunStatus.SUCCEEDED, "result": result, "files": files, "ended_at": datetime.now(UTC)}
        self._note(step="done", mode=work.mode, **ended)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, SynclineError):
            _log.error("%s: a fault in Syncline or a connector", self._sync.name, exc_info=error)
            error = SynclineError(
                f"{type(error).__name__}: {error}", hint="a fault in Syncline or a connector; see the log"
            )
        ended = {"status": RunStatus.FAILED, "result": RunResult.ERROR, "ended_at": datetime.now(UTC)}
        self._note(step=self._run.step, error=str(error), **ended)
