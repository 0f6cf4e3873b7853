"""Where models stand: heads, and the entries that explain what they owe (R1, R2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row

from syncline.run import Entry, Head, Run
from syncline.store import tables
from syncline.store.tables import plain
from syncline.store.tenant import Tenant

_HEAD, _ENTRY = tables.head.c, tables.entry.c


@dataclass(frozen=True, slots=True)
class Standing:
    """The heads and entries of a tenant."""

    tenant: Tenant

    def heads(self, connection: Connection, name: str) -> dict[str, Head]:
        """The heads of the connection `name`, by model."""
        query = self.tenant.select(tables.head).where(_HEAD.connection == name).order_by(_HEAD.model)
        return {row.model: Head.from_json(row.data) for row in connection.execute(query)}

    def head(self, connection: Connection, name: str, model: str) -> Head:
        """The head of one model; an empty one where nothing was ever noted."""
        query = self.tenant.select(tables.head).where(_HEAD.connection == name, _HEAD.model == model)
        row = connection.execute(query).one_or_none()
        return Head() if row is None else Head.from_json(row.data)

    def move(self, connection: Connection, run: Run, model: str, head: Head, moment: datetime) -> None:
        """Put this head in the place of the one before."""
        values: dict[str, Any] = {"data": head.as_json(), "run": run.id, "updated_at": moment}
        of_model = (_HEAD.connection == run.connection, _HEAD.model == model)
        if not connection.execute(self.tenant.update(tables.head, **values).where(*of_model)).rowcount:
            new = self.tenant.insert(tables.head, connection=run.connection, model=model, **values)
            connection.execute(new)

    def forget(self, connection: Connection, name: str, model: str, moment: datetime) -> None:
        """Drop a head; nothing is owed any more."""
        connection.execute(self.tenant.delete(tables.head).where(_HEAD.connection == name, _HEAD.model == model))
        self._close(connection, [row.id for row in self._open(connection, name, model)], moment)

    def explain(self, connection: Connection, run: Run, model: str, entries: Sequence[Entry], moment: datetime) -> None:
        """Note what the model owes now: an entry of the same kind and reason goes on, the others are closed."""
        rows = self._open(connection, run.connection, model)
        known, left = {(row.kind, row.reason): row.id for row in rows}, {row.id for row in rows}
        for entry in entries:
            values = {**_values(entry), "run": run.id, "updated_at": moment}
            before = known.pop((entry.kind, plain(entry.reason)), None)
            if before is None:
                new = {"id": str(uuid4()), "connection": run.connection, "model": model, "created_at": moment}
                connection.execute(self.tenant.insert(tables.entry, **values, **new))
            else:
                left.discard(before)
                connection.execute(self.tenant.update(tables.entry, **values).where(_ENTRY.id == before))
        self._close(connection, sorted(left), moment)

    def entries(self, connection: Connection, wanted: Mapping[str, str | None], *, closed: bool) -> list[Entry]:
        """What is owed and why, oldest first, where these columns are so; with `closed` also what was."""
        same = [_ENTRY[name] == value for name, value in wanted.items() if value is not None]
        query = self.tenant.select(tables.entry).where(*same)
        query = query if closed else query.where(_ENTRY.closed_at.is_(None))
        ordered = query.order_by(_ENTRY.connection, _ENTRY.model, _ENTRY.created_at, _ENTRY.kind, _ENTRY.reason)
        return [_entry(row) for row in connection.execute(ordered)]

    def _open(self, connection: Connection, name: str, model: str) -> Sequence[Row[Any]]:
        of_model = (_ENTRY.connection == name, _ENTRY.model == model, _ENTRY.closed_at.is_(None))
        return connection.execute(self.tenant.select(tables.entry).where(*of_model)).all()

    def _close(self, connection: Connection, entries: Sequence[str], moment: datetime) -> None:
        if entries:
            change = self.tenant.update(tables.entry, closed_at=moment, updated_at=moment)
            connection.execute(change.where(_ENTRY.id.in_(entries)))


def _values(entry: Entry) -> dict[str, Any]:
    sample = [plain(key) for key in entry.sample]
    return {"kind": entry.kind, "reason": entry.reason, "count": entry.count, "sample": sample, "file": entry.file}


def _entry(row: Row[Any]) -> Entry:
    values = {name: value for name, value in row._mapping.items() if name not in {"tenant", "updated_at"}}  # noqa: SLF001
    return Entry(**{**values, "sample": tuple(row.sample)})
