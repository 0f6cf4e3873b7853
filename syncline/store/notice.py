"""What is still to be told: noted in the very transaction in which it happens, so that nothing is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection

from syncline.run import Run
from syncline.store import notice_tables as tables
from syncline.store.database import Database, now
from syncline.store.tables import plain
from syncline.store.tenant import Tenant
from syncline.webhook import Notice, Webhook, message

CLAIMED = timedelta(seconds=60)
"""So long nobody else takes a notice that somebody is about to tell."""
_NOTICE = tables.notice.c


def note(connection: Connection, tenant: Tenant, hooks: tuple[Webhook, ...], run: Run, moment: datetime) -> None:
    """Note that a run has come to its status, for each webhook that wants to be told."""
    for hook in hooks:
        if hook.wants(run):
            id = str(uuid4())
            values = {"hook": hook.name, "body": plain(message(id, run, moment)), "tries": 0}
            connection.execute(tenant.insert(tables.notice, id=id, created_at=moment, due_at=moment, **values))


@dataclass(frozen=True, slots=True)
class Notices:
    """What a tenant's webhooks are still to be told."""

    database: Database
    tenant: str

    def take(self, limit: int = 50) -> list[Notice]:
        """Some that are due, oldest first; nobody else takes them for a while, and they come again if they are left."""
        tenant = Tenant(self.tenant)
        with self.database.reading() as view:
            if view.execute(tenant.select(tables.notice).where(_NOTICE.due_at <= now(view)).limit(1)).first() is None:
                return []
        with self.database.writing() as transaction:
            moment = now(transaction)
            due = tenant.select(tables.notice).where(_NOTICE.due_at <= moment)
            rows = transaction.execute(due.order_by(_NOTICE.created_at).limit(limit).with_for_update()).all()
            claimed = tenant.update(tables.notice, due_at=moment + CLAIMED)
            for row in rows:
                transaction.execute(claimed.where(_NOTICE.id == row.id))
        return [Notice(row.id, row.hook, row.body, row.created_at, row.tries) for row in rows]

    def done(self, notice: Notice) -> None:
        """It was told, or is given up."""
        with self.database.writing() as transaction:
            transaction.execute(Tenant(self.tenant).delete(tables.notice).where(_NOTICE.id == notice.id))

    def later(self, notice: Notice, pause: timedelta) -> None:
        """It was not taken; try again after a pause."""
        with self.database.writing() as transaction:
            values = {"tries": notice.tries + 1, "due_at": now(transaction) + pause}
            transaction.execute(Tenant(self.tenant).update(tables.notice, **values).where(_NOTICE.id == notice.id))
