"""Leases: one run of a connection at a time, and a fence that grows with each (Invariant 6, R21)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from syncline.errors import Busy, LeaseLost
from syncline.run import Run, RunResult, RunStatus
from syncline.store import tables
from syncline.store.database import now
from syncline.store.history import History
from syncline.store.owner import is_gone, myself
from syncline.store.tenant import Tenant

ENDED_UNFINISHED = "the process ended without finishing"
_LEASE = tables.lease.c


def _unmourned(_connection: Connection, _run: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of a tenant; `seconds` is how long one holds unless it is renewed; `buried` is told of dead runs."""

    tenant: Tenant
    seconds: float
    buried: Callable[[Connection, str], None] = _unmourned

    def take(self, connection: Connection, name: str, run: str) -> tuple[int, datetime]:
        """Take the connection `name` for `run`: its fence, and since when. A dead run that held it is closed.

        Raises:
            Busy: a live run holds it.
        """
        held = self._claim(connection, name)
        moment = now(connection)
        if held.run is not None:
            if not is_over(held, moment):
                raise self._busy(connection, held)
            self.bury(connection, held, moment)
        fence = max(held.fence + 1, int(moment.timestamp()))
        self._write(connection, name, fence=fence, run=run, owner=myself(), expires_at=self._end(moment))
        return fence, moment

    def hold(self, connection: Connection, run: Run) -> datetime:
        """The time, if the run still holds its connection, which it then does until the transaction ends.

        Raises:
            LeaseLost: it does not.
        """
        if not self.is_held(connection, run):
            message = f"run {run.id} does not hold connection {run.connection} any more, so it changes nothing more"
            raise LeaseLost(message, hint=f"see `syncline runs {run.connection}` for what came after it")
        return now(connection)

    def is_held(self, connection: Connection, run: Run) -> bool:
        """Whether the run holds its connection; time alone takes no lease away, only another run or a look does."""
        held = self.locked(connection, run.connection)
        return held is not None and held.run == run.id and held.fence == run.fence

    def renew(self, connection: Connection, run: Run) -> None:
        """Hold on for another lease.

        Raises:
            LeaseLost: the run does not hold its connection any more.
        """
        moment = self.hold(connection, run)
        self._write(connection, run.connection, expires_at=self._end(moment))

    def free(self, connection: Connection, name: str) -> None:
        """Let go of the connection; its fence stays, so that the next is higher."""
        self._write(connection, name, run=None, owner={}, expires_at=None)

    def refuse_if_held(self, connection: Connection, name: str) -> None:
        """Hold the connection still for what is not done by a run.

        Raises:
            Busy: a run holds it.
        """
        held = self.locked(connection, name)
        if held is not None and held.run is not None and not is_over(held, now(connection)):
            raise self._busy(connection, held)

    def taken(self, connection: Connection) -> list[Row[Any]]:
        """The leases that some run holds, dead or alive."""
        return list(connection.execute(self.tenant.select(tables.lease).where(_LEASE.run.is_not(None))))

    def locked(self, connection: Connection, name: str) -> Row[Any] | None:
        """The lease of a connection, which nobody else can change until the transaction ends."""
        query = self.tenant.select(tables.lease).where(_LEASE.connection == name).with_for_update()
        return connection.execute(query).one_or_none()

    def bury(self, connection: Connection, held: Row[Any], moment: datetime) -> None:
        """Close the dead run that holds this lease as failed, and free the lease."""
        infos = {"error": ENDED_UNFINISHED, **_seen(held)}
        History(self.tenant).end(connection, held.run, RunStatus.FAILED, RunResult.ERROR, infos, moment)
        end = {"status": RunStatus.FAILED, "result": RunResult.ERROR, "ended_at": moment}
        models = self.tenant.update(tables.model_run, error=ENDED_UNFINISHED, **end)
        of_run = tables.model_run.c.run == held.run
        connection.execute(models.where(of_run, tables.model_run.c.ended_at.is_(None)))
        self.free(connection, held.connection)
        self.buried(connection, held.run)

    def _claim(self, connection: Connection, name: str) -> Row[Any]:
        """The lease of a connection, locked, and made before if there never was one."""
        self.tenant.insert_new(connection, tables.lease, connection=name, fence=0, owner={})
        held = self.locked(connection, name)
        assert held is not None
        return held

    def _write(self, connection: Connection, name: str, **values: Any) -> None:
        connection.execute(self.tenant.update(tables.lease, **values).where(_LEASE.connection == name))

    def _end(self, moment: datetime) -> datetime:
        return moment + timedelta(seconds=self.seconds)

    def _busy(self, connection: Connection, held: Row[Any]) -> Busy:
        query = self.tenant.select(tables.run).where(tables.run.c.id == held.run)
        since = connection.execute(query).one().started_at
        message = f"connection {held.connection} is held by run {held.run} since {since:%Y-%m-%d %H:%M:%S} UTC"
        return Busy(message, run=held.run, hint="wait until it has ended")


def is_over(held: Row[Any], moment: datetime) -> bool:
    """Whether the lease has run out, or its holder was a process of this machine that is gone."""
    return bool(held.expires_at <= moment) or is_gone(held.owner)


def _seen(held: Row[Any]) -> dict[str, Any]:
    return {name: held.owner[name] for name in ("host", "pid") if name in held.owner}
