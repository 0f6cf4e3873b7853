"""Pushed rows in a SQL database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, func

from syncline.pushed.store import Change, Outcome, Reused, Ticket
from syncline.store import pushed_tables as tables
from syncline.store.database import Database, now
from syncline.store.many import among
from syncline.store.tenant import Tenant

KEPT = timedelta(days=1)
"""How long a request is known by its key."""
_ROW, _MODEL, _REQUEST = tables.row.c, tables.model.c, tables.request.c


@dataclass(frozen=True, slots=True)
class SqlPushed:
    """What was pushed, in SQLite or PostgreSQL; see `PushStore` for what each method promises."""

    database: Database
    tenant: str

    def push(self, changes: Sequence[Change], ticket: Ticket | None = None) -> Outcome:
        """Take all of it in, or nothing."""
        ordered = sorted(changes, key=lambda one: (one.company, one.model))  # all lock in one order
        prepared = [(change, _digests(change)) for change in ordered]  # before others have to wait
        with self.database.writing() as transaction:
            if ticket is not None and (before := self._before(transaction, ticket)) is not None:
                return before
            done = Outcome()
            for change, digests in prepared:
                done = _sum(done, _take(transaction, change, digests))
            if ticket is not None:
                noted = Tenant(self.tenant).update(tables.request, outcome=asdict(done))
                transaction.execute(noted.where(_REQUEST.key == ticket.key))
        return done

    def latest(self, model: str) -> int:
        """The highest number so far."""
        return self._counted(model)[0]

    def forgotten(self, model: str) -> int:
        """The highest number of a deletion that is not remembered any more."""
        return self._counted(model)[1]

    def rows(self, model: str, *, after: str, limit: int) -> list[tuple[str, str]]:
        """GUIDs and rows in the order of the GUID."""
        query = self._of(model, _ROW.guid, _ROW.text).where(_ROW.text.is_not(None), _ROW.guid > after)
        return self._read(query.order_by(_ROW.guid).limit(limit))

    def changes(self, model: str, *, after: int, until: int, limit: int) -> list[tuple[int, str, str | None]]:
        """Numbers, GUIDs and rows in the order of the number; None: the row is deleted."""
        query = self._of(model, _ROW.sequence, _ROW.guid, _ROW.text)
        query = query.where(_ROW.sequence > after, _ROW.sequence <= until)
        return self._read(query.order_by(_ROW.sequence).limit(limit))

    def forget(self, model: str, until: int) -> None:
        """Deletions up to this number need not be remembered any more."""
        old = (_ROW.model == model, _ROW.text.is_(None), _ROW.sequence <= until)
        if not self._read(self._of(model, func.count()).where(*old))[0][0]:
            return
        tenant = Tenant(self.tenant)
        with self.database.writing() as transaction:
            counted = _locked(transaction, tenant, model)
            gone = transaction.execute(tenant.delete(tables.row).where(*old).returning(_ROW.sequence)).scalars().all()
            most = max(gone, default=0)
            if most > counted.forgotten:
                noted = tenant.update(tables.model, forgotten=most)
                transaction.execute(noted.where(_MODEL.model == model))

    def _counted(self, model: str) -> tuple[int, int]:
        query = Tenant(self.tenant).select(tables.model).where(_MODEL.model == model)
        found = self._read(query.with_only_columns(_MODEL.sequence, _MODEL.forgotten))
        return found[0] if found else (0, 0)

    def _of(self, model: str, *columns: Any) -> Select[Any]:
        return Tenant(self.tenant).select(tables.row).with_only_columns(*columns).where(_ROW.model == model)

    def _read(self, query: Select[Any]) -> list[Any]:
        with self.database.reading() as view:
            return [tuple(row) for row in view.execute(query)]

    def _before(self, transaction: Connection, ticket: Ticket) -> Outcome | None:
        """How the request ended when it was there before; None: it is new, and noted."""
        tenant, moment = Tenant(self.tenant), now(transaction)
        transaction.execute(tenant.delete(tables.request).where(_REQUEST.created_at < moment - KEPT))
        noted = {"key": ticket.key, "digest": ticket.digest, "outcome": {}, "created_at": moment}
        if tenant.insert_new(transaction, tables.request, **noted):
            return None
        found = transaction.execute(tenant.select(tables.request).where(_REQUEST.key == ticket.key)).one()
        if found.digest != ticket.digest:
            message = f"the key `{ticket.key}` came with another request before"
            raise Reused(message, hint="each request has a key of its own; one that is sent again has all as it was")
        return replace(Outcome(**found.outcome), is_replay=True)


def _digests(change: Change) -> dict[str, str]:
    return {guid: hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for guid, text in change.rows.items()}


def _take(transaction: Connection, change: Change, digests: Mapping[str, str]) -> Outcome:
    tenant = Tenant(change.company)
    counted = _locked(transaction, tenant, change.model)
    known = _known(transaction, tenant, change)
    new = [guid for guid, digest in digests.items() if known.get(guid) != digest]
    gone = [guid for guid in change.gone if known.get(guid) is not None]
    if changed := [*new, *gone]:
        columns: dict[str, Sequence[Any]] = {
            "guid": changed,
            "sequence": range(counted.sequence + 1, counted.sequence + 1 + len(changed)),
            "digest": [digests.get(guid) for guid in changed],
            "text": [change.rows.get(guid) for guid in changed],
        }
        tenant.upsert(transaction, tables.row, {"model": change.model}, columns)
        moved = tenant.update(tables.model, sequence=counted.sequence + len(changed))
        transaction.execute(moved.where(_MODEL.model == change.model))
    inserted = sum(known.get(guid) is None for guid in change.rows)
    return Outcome(inserted, len(change.rows) - inserted, len(gone))


def _locked(transaction: Connection, tenant: Tenant, model: str) -> Row[Any]:
    """How far the changes of a model are counted; nobody else counts until the transaction ends (R33)."""
    query = tenant.select(tables.model).where(_MODEL.model == model).with_for_update()
    found = transaction.execute(query).one_or_none()
    if found is None:
        tenant.insert_new(transaction, tables.model, model=model, sequence=0, forgotten=0)
        found = transaction.execute(query).one()
    return found


def _known(transaction: Connection, tenant: Tenant, change: Change) -> dict[str, str | None]:
    """Of the GUIDs that are known, what their rows are; None: deleted."""
    columns = tenant.select(tables.row).with_only_columns(_ROW.guid, _ROW.digest).where(_ROW.model == change.model)
    query = among(transaction, columns, _ROW.guid, [*change.rows, *change.gone])
    return dict(transaction.execute(query).tuples().all())


def _sum(one: Outcome, other: Outcome) -> Outcome:
    return Outcome(one.inserted + other.inserted, one.updated + other.updated, one.deleted + other.deleted)
