"""The steps and their order, written once (R17)."""

from __future__ import annotations

from dataclasses import replace

from syncline import owed
from syncline.connection import Connection, ModelSync
from syncline.errors import ConfigError, DataError, LeaseLost
from syncline.patience import patient
from syncline.pipeline.plan import Plan
from syncline.pipeline.progress import Progress
from syncline.pipeline.publish import Published, is_due, plan_of
from syncline.pipeline.received import received
from syncline.pipeline.session import Listener, Session, opened, unheard
from syncline.pipeline.start import work_for
from syncline.pipeline.steps import Steps, patient_steps
from syncline.pipeline.tidy import clear, tidy
from syncline.pipeline.work import Loaded, Work
from syncline.request import Request
from syncline.run import Head, ModelRun, Run, Store
from syncline.storage import Storage


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
        Cancelled: somebody wanted it to end.
    """
    with opened(connection, request, store, storage, runner=runner, created_by=created_by, listen=listen) as session:
        sync_models(session, steps)
    return session.run


def sync_models(session: Session, steps: Steps | None = None) -> None:
    """The models of an open run, one after the other.

    Raises:
        LeaseLost: another run took over.
        Cancelled: somebody wants the run to end.
    """
    for model in session.models:
        sync_model(session, model, steps)
        session.heed()


def sync_model(session: Session, model: ModelSync, steps: Steps | None = None) -> ModelRun:
    """All steps of one model. What goes wrong with it is told in the result and does not stop the others (R24).

    Raises:
        LeaseLost: another run took over.
    """
    with session.log.hearing():
        return _ModelSync(session, model, steps or patient_steps()).sync()


class _ModelSync:
    """One model on its way through the steps."""

    def __init__(self, session: Session, sync: ModelSync, steps: Steps) -> None:
        self._session = session
        self._sync = sync
        self._steps = steps
        self._promised = False
        self._connection = session.connection
        self._progress = Progress(session, sync.name, session.request.mode(session.connection, sync))

    def sync(self) -> ModelRun:
        work: Work | None = None
        try:
            self._progress.enter("check")
            session = self._session
            with received(session.connection, self._sync, session.request, session.storage) as connection:
                self._connection = connection
                work = self._work()
                self._all_steps(work)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - one model's fault must not stop the others (R24)
            self._progress.failed(error, self._sync.where)
        if work is not None and not self._promised:
            clear(work.storage, work.folder, self._head())
        return self._progress.run

    def _head(self) -> Head:
        return self._session.store.head(self._session.connection.name, self._sync.name)

    def _work(self) -> Work:
        """What the steps need to know, once a plan promised earlier is finished (Invariant 2)."""
        work = self._start()
        if not work.head.promised:
            return work
        self._finish(work)
        return self._start()

    def _start(self) -> Work:
        session = self._session
        return work_for(
            self._connection,
            self._sync,
            session.request,
            session.store,
            session.storage,
            fence=session.run.fence,
            guard=session.guard,
            report=self._progress.done,
        )

    def _all_steps(self, work: Work) -> None:
        progress = self._progress
        mode = "update" if work.request.update else "approve" if work.approved else work.mode
        progress.reads(mode + (", replay" if work.is_replay else ""))
        progress.enter("extract")
        extraction = self._steps.extract(work)
        progress.count(read=extraction.read)
        progress.enter("diff")
        delta = self._steps.diff(work, extraction)
        progress.count(late=delta.late)
        progress.misses(delta.missing)
        progress.enter("transform")
        plan = self._steps.transform(work, delta)
        head = self._carry_out(work, plan)
        progress.succeeded(head, self._publish(work, head))

    def _finish(self, work: Work) -> None:
        """Finish a plan that an earlier run promised and did not commit."""
        plan = Plan.load(work.storage, work.head.promised)
        if plan.destination != work.destination:
            message = f"plan {plan.id} of {work.scope} was promised to another destination, {plan.destination}"
            hint = "set that destination again, or `syncline forget` the model"
            raise ConfigError(message, where=self._sync.where, hint=hint)
        plan.verify(work.storage)
        try:
            self._load(work, plan)
        except (ConfigError, DataError) as error:
            message = f"plan {plan.id}, promised by an earlier run, must be finished first: {error.message}"
            way_out = f"`syncline forget {work.connection.name} {work.sync.name}` gives it up"
            hint = f"{error.hint}; {way_out}" if error.hint else way_out
            raise type(error)(message, where=error.where, hint=hint) from error

    def _carry_out(self, work: Work, plan: Plan) -> Head:
        if not len(plan):
            return self._commit_without_load(work, plan)
        self._reach(work)
        self._session.guard()
        plan = plan.save(work.storage)
        self._promised = True
        self._session.store.promise(self._session.run, work.model.name, plan.name)
        return self._load(work, plan)

    def _reach(self, work: Work) -> None:
        """Nothing is promised to a destination that was never reached: its address may just be mistyped."""
        destination = work.connection.destination
        if destination is not None and work.destination != work.head.destination:
            patient(destination.check)

    def _load(self, work: Work, plan: Plan) -> Head:
        self._progress.plans(plan.id)
        self._progress.enter("load")
        try:
            loaded = self._steps.load(work, plan)
        except (ConfigError, DataError):
            self._release(work, plan)
            raise
        return self._commit(work, plan, loaded)

    def _release(self, work: Work, plan: Plan) -> None:
        """A plan that was refused whole, by a destination that takes all of it or nothing, is not promised any more.

        If there was an attempt before, nobody knows what came of that one, so the promise stands (Invariant 2).
        """
        destination = work.connection.destination
        if destination is not None and destination.idempotent == "plan" and not plan.is_uncertain(work.storage):
            self._session.store.commit(self._session.run, work.model.name, replace(work.head, promised=""))

    def _commit_without_load(self, work: Work, plan: Plan) -> Head:
        """Nothing is to be sent; what is known may have moved all the same, e.g. a cursor."""
        if plan.head == work.head:
            return work.head
        if work.head.is_new and work.connection.destination is not None:
            work.connection.destination.prepare(work.made, work.sync.target)  # no rows yet, but a table
        return self._commit(work, plan.save(work.storage), Loaded(plan.head))

    def _commit(self, work: Work, plan: Plan, loaded: Loaded) -> Head:
        """Move the head, now that the destination has taken everything it will take (Invariant 1)."""
        self._session.guard()
        head = loaded.head
        rows = owed.owed_rows(work.storage, work.model, head)
        entries = owed.entries(rows, work.model, head.owed.name if head.owed else "")
        self._session.store.commit(self._session.run, work.model.name, head, entries)
        self._progress.owes(entries)
        self._progress.took(loaded.difference)
        tidy(work.storage, work.home, head, plan, work.head)
        return head

    def _publish(self, work: Work, head: Head) -> Published:
        if not is_due(work, head):
            return Published()
        self._progress.enter("publish")
        done = self._steps.publish(work, head)
        if not done.withheld:
            self._session.store.published(self._session.run, work.model.name, plan_of(work, head))
        return done
