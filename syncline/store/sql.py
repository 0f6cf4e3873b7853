"""The store in a SQL database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from syncline.line import Line
from syncline.model import JSON
from syncline.request import Request
from syncline.run import CANCELLED_BY, Entry, Head, ModelRun, Run, RunResult, RunStatus, RunType
from syncline.search import Search
from syncline.store.database import Database, now
from syncline.store.history import History
from syncline.store.lease import Leases, is_over
from syncline.store.log import Log
from syncline.store.notice import note
from syncline.store.standing import Standing
from syncline.store.tenant import Tenant
from syncline.webhook import Webhook


@dataclass(slots=True, eq=False)
class SqlStore:
    """The only memory, of one tenant, in SQLite or PostgreSQL; see `Store` for what each method promises.

    A lease holds `lease_seconds` unless it is renewed.
    `hooks` are told what becomes of runs. Safe to use from several threads.
    """

    database: Database
    tenant: str = "default"
    lease_seconds: float = 60
    hooks: tuple[Webhook, ...] = ()

    @property
    def _leases(self) -> Leases:
        return Leases(Tenant(self.tenant), self.lease_seconds, self._buried)

    @property
    def _history(self) -> History:
        return History(Tenant(self.tenant))

    @property
    def _log(self) -> Log:
        return Log(Tenant(self.tenant))

    @property
    def _standing(self) -> Standing:
        return Standing(Tenant(self.tenant))

    def open_run(
        self,
        connection: str,
        request: Request,
        *,
        type: RunType = RunType.RESOURCES,
        runner: str = "process",
        created_by: str | None = None,
        flow_run: str | None = None,
        run: str | None = None,
    ) -> Run:
        """Take the connection for a run, which is running from now on."""
        id = run or str(uuid4())
        with self.database.writing() as transaction:
            fence, moment = self._leases.take(transaction, connection, id)
            if run is not None:
                return self._tell(transaction, self._history.begin(transaction, run, fence, flow_run, moment))
            start: dict[str, Any] = {"type": type, "fence": fence, "started_at": moment}
            opened = self._new(id, connection, request, RunStatus.RUNNING, moment)
            opened = replace(opened, **start, runner=runner, created_by=created_by, flow_run=flow_run)
            return self._add(transaction, opened)

    def cancel(self, run: str, by: str) -> bool:
        """Have a run end after the model it is at, or before it begins."""
        wish = {CANCELLED_BY: by}
        if self.withdraw(run, RunResult.CANCELLED, wish):
            return True
        with self.database.writing() as transaction:
            running = self._history.running(transaction, run)
            if running is not None:
                self._history.inform(transaction, running, wish, now(transaction))
        return running is not None

    def is_cancelled(self, run: Run) -> bool:
        """Whether somebody wants the run to end."""
        with self.database.reading() as view:
            return CANCELLED_BY in self._history.one(view, run.id).infos

    def renew(self, run: Run) -> None:
        """Hold the connection for another lease."""
        with self.database.writing() as transaction:
            self._leases.renew(transaction, run)

    def progress(self, run: Run, model: ModelRun) -> None:
        """Note how far a model is."""
        with self.database.writing() as transaction:
            moment = self._leases.hold(transaction, run)
            self._history.progress(transaction, run, model, moment)

    def say(self, run: Run, lines: Sequence[Line], *, start: int) -> None:
        """Keep lines of the run's log."""
        with self.database.writing() as transaction:
            self._log.add(transaction, run.id, lines, start)

    def promise(self, run: Run, model: str, plan: str) -> None:
        """Note a plan that must be finished before anything else (Invariant 2)."""
        self._amend(run, model, promised=plan)

    def commit(self, run: Run, model: str, head: Head, entries: Sequence[Entry] | None = None) -> None:
        """Move the head and note what is owed, in one transaction (Invariant 1)."""
        with self.database.writing() as transaction:
            moment = self._leases.hold(transaction, run)
            self._standing.move(transaction, run, model, replace(head, promised=""), moment)
            if entries is not None:
                self._standing.explain(transaction, run, model, entries, moment)

    def published(self, run: Run, model: str, plan: str) -> None:
        """Note which plan the publications were made from (R27)."""
        self._amend(run, model, published=plan)

    def close_run(self, run: Run, status: RunStatus, result: RunResult, infos: Mapping[str, JSON] | None = None) -> Run:
        """End the run and let go of the connection; one that lost it stays as it was closed by others."""
        with self.database.writing() as transaction:
            if self._leases.is_held(transaction, run):
                self._history.end(transaction, run.id, status, result, infos or {}, now(transaction))
                self._leases.free(transaction, run.connection)
                return self._tell(transaction, self._history.one(transaction, run.id))
            return self._history.one(transaction, run.id)

    def record_run(self, connection: str, request: Request, result: RunResult, infos: Mapping[str, JSON]) -> Run:
        """Note a run that ended before it held the connection."""
        with self.database.writing() as transaction:
            moment = now(transaction)
            run = self._new(str(uuid4()), connection, request, _status(result), moment)
            return self._add(transaction, replace(run, result=result, infos=dict(infos), ended_at=moment))

    def schedule_run(
        self, connection: str, request: Request, *, runner: str, created_by: str, sealed: str | None = None
    ) -> Run:
        """Note a run that somebody else is to begin."""
        with self.database.writing() as transaction:
            run = self._new(str(uuid4()), connection, request, RunStatus.SCHEDULED, now(transaction))
            return self._add(transaction, replace(run, runner=runner, created_by=created_by), sealed)

    def sealed(self, run: str) -> str:
        """What is under seal of a run that waits."""
        with self.database.reading() as view:
            return self._history.sealed(view, run)

    def withdraw(self, run: str, result: RunResult, infos: Mapping[str, JSON]) -> bool:
        """End a run that has not begun; False: it has."""
        with self.database.writing() as transaction:
            if self._history.waiting(transaction, run) is None:
                return False
            self._history.end(transaction, run, _status(result), result, infos, now(transaction))
            self._tell(transaction, self._history.one(transaction, run))
        return True

    def head(self, connection: str, model: str) -> Head:
        """Where a model stands."""
        with self.database.reading() as view:
            return self._standing.head(view, connection, model)

    def heads(self, connection: str) -> dict[str, Head]:
        """Where the models of a connection stand, by name."""
        with self.database.reading() as view:
            return self._standing.heads(view, connection)

    def forget(self, connection: str, model: str) -> None:
        """Drop the head of a model and close its entries.

        Raises:
            Busy: a run holds the connection.
        """
        with self.database.writing() as transaction:
            self._leases.refuse_if_held(transaction, connection)
            self._standing.forget(transaction, connection, model, now(transaction))

    def run(self, run: str) -> Run:
        """The run of this id, or of this beginning of one."""
        self._notice()
        with self.database.reading() as view:
            return self._history.find(view, run)

    def runs(self, connection: str | None = None, *, limit: int = 50) -> list[Run]:
        """The latest runs, newest first."""
        self._notice()
        with self.database.reading() as view:
            return self._history.latest(view, connection, limit)

    def search(self, wanted: Search) -> list[Run]:
        """The runs that are wanted, newest first."""
        self._notice()
        with self.database.reading() as view:
            return self._history.search(view, wanted)

    def log(self, run: str, *, start: int = 0, limit: int | None = None) -> list[Line]:
        """What was said while a run went on."""
        with self.database.reading() as view:
            return self._log.read(view, run, start, limit)

    def active(self, connection: str) -> Run | None:
        """The run that holds the connection now."""
        self._notice()
        with self.database.reading() as view:
            held = [row.run for row in self._leases.taken(view) if row.connection == connection]
            return self._history.one(view, held[0]) if held else None

    def entries(
        self, connection: str | None = None, *, model: str | None = None, run: str | None = None, closed: bool = False
    ) -> list[Entry]:
        """What is owed and why; with `closed` also what was; with `run` what that run was the last to note."""
        with self.database.reading() as view:
            return self._standing.entries(view, {"connection": connection, "model": model, "run": run}, closed=closed)

    def close(self) -> None:
        """Let go of the database."""
        self.database.engine.dispose()

    def _new(self, run: str, connection: str, request: Request, status: RunStatus, moment: datetime) -> Run:
        return Run(run, self.tenant, connection, request, status, created_at=moment, updated_at=moment)

    def _add(self, transaction: Connection, run: Run, sealed: str | None = None) -> Run:
        self._history.add(transaction, run, sealed)
        return self._tell(transaction, run)

    def _tell(self, transaction: Connection, run: Run) -> Run:
        """Have it told that the run has come to its status."""
        note(transaction, Tenant(self.tenant), self.hooks, run, run.updated_at)
        return run

    def _buried(self, transaction: Connection, run: str) -> None:
        self._tell(transaction, self._history.one(transaction, run))

    def _amend(self, run: Run, model: str, **changes: str) -> None:
        with self.database.writing() as transaction:
            moment = self._leases.hold(transaction, run)
            head = self._standing.head(transaction, run.connection, model)
            self._standing.move(transaction, run, model, replace(head, **changes), moment)  # type: ignore[arg-type]

    def _notice(self) -> None:
        """Close the runs whose process died or fell silent, so that nobody is shown a run that is none."""
        for connection in self._silent():
            with self.database.writing() as transaction:
                held, moment = self._leases.locked(transaction, connection), now(transaction)
                if held is not None and held.run is not None and is_over(held, moment):
                    self._leases.bury(transaction, held, moment)

    def _silent(self) -> list[str]:
        with self.database.reading() as view:
            moment = now(view)
            return [held.connection for held in self._leases.taken(view) if is_over(held, moment)]


def _status(result: RunResult) -> RunStatus:
    """The status of a run that ended before it held its connection (R30)."""
    return RunStatus.FAILED if result in (RunResult.CANCELLED, RunResult.ERROR) else RunStatus.SUCCEEDED
