"""The rows of a changeset, a page at a time: what was sent in a run, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from syncline.changes import OP, Operation, RowFile, columns, keys, physical
from syncline.engine import Engine, opened
from syncline.model import DataModel
from syncline.pipeline.plan import Plan
from syncline.pipeline.work import home
from syncline.snapshot import incoming
from syncline.statement import listed, literal
from syncline.storage import Storage

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One row as it was sent: before and after, None where it is not there.

    Args:
        operation: insert, update or delete.
        origin: the values that name its row at the source.
    """

    operation: Operation
    before: Row | None
    after: Row | None
    origin: tuple[Any, ...] = ()

    @property
    def row(self) -> Row:
        """The row as it is, or was."""
        return self.after if self.after is not None else self.before or {}

    @property
    def differing(self) -> frozenset[str]:
        """The columns of an updated row whose value is another one than before.

        Example:
            >>> Change("update", {"id": 1, "total": 5}, {"id": 1, "total": 7}).differing
            frozenset({'total'})
        """
        if self.before is None or self.after is None:
            return frozenset()
        before = self.before
        return frozenset(name for name, value in self.after.items() if repr(before.get(name)) != repr(value))


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some rows of a changeset.

    Args:
        columns, key: of the rows.
        changes: the rows.
        counts: operation -> how many there are in the whole changeset.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    changes: tuple[Change, ...]
    counts: Mapping[str, int]


def kept_plan(storage: Storage, tenant: str, connection: str, model: str, plan: str) -> Plan:
    """The plan of this id, as long as it is kept.

    Raises:
        DataError: it is not kept any more.
    """
    return Plan.load(storage, f"{home(tenant, connection, model)}/{plan}/plan.json")


def sheet(
    storage: Storage, plan: Plan, operation: Operation | None = None, *, offset: int = 0, limit: int = 50
) -> Sheet:
    """Rows of a changeset in the order they were kept, `limit` of them after the first `offset`; of one kind, or all.

    Raises:
        DataError: its files are not kept any more.
    """
    difference = plan.difference
    counts = {"insert": difference.inserted, "update": difference.updated, "delete": difference.deleted}
    changes: tuple[Change, ...] = ()
    if plan.files:
        with opened(storage.root) as engine:
            where = "true" if operation is None else f"{OP} = {literal(operation)}"
            changes = chosen(engine, storage, plan, where, f"ORDER BY _f, _r LIMIT {limit} OFFSET {offset}")
    return Sheet(tuple(plan.model.schema.names), plan.model.key, changes, counts)


def chosen(engine: Engine, storage: Storage, plan: Plan, where: str, order: str) -> tuple[Change, ...]:
    """The changes of a plan for which a condition on its rows holds."""
    kept = plan.files[0].model(plan.model.key)
    shown = listed(columns(kept))
    found = engine.table(
        f"SELECT {shown}, {OP} FROM ({incoming(plan.files, kept, storage.path)}) WHERE {where} {order}"  # noqa: S608
    )
    operations = found.column(OP).to_pylist()
    after = found.select(range(len(kept.schema)))
    before = _before(engine, storage, plan, kept, after) if plan.before and "update" in operations else {}
    names = (plan.model.schema.names, plan.files[0].source_key, kept.key)
    rows = zip(_rows(after, kept.schema), operations, strict=True)
    return tuple(_change(row, operation, before, names) for row, operation in rows)


def key_columns(file: RowFile) -> list[str]:
    """The columns at rest of a file that name the row at the source."""
    return [physical(file.columns.index(name)) for name in file.source_key]


def _before(
    engine: Engine, storage: Storage, plan: Plan, kept: DataModel, after: pa.Table
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The updated rows as they were, by key."""
    engine.register("looked_at", after.select(keys(kept)))
    rows = incoming(plan.before, kept, storage.path)
    query = f"SELECT {listed(columns(kept))} FROM ({rows}) SEMI JOIN looked_at USING ({listed(keys(kept))})"  # noqa: S608
    found = _rows(engine.table(query), kept.schema)
    return {tuple(repr(row[name]) for name in kept.key): row for row in found}


def _rows(table: pa.Table, schema: pa.Schema) -> list[dict[str, Any]]:
    cast = [column.cast(field.type) for column, field in zip(table.columns, schema, strict=True)]
    return pa.table(cast, schema=schema).to_pylist()


def _change(
    row: Row, operation: Operation, before: Mapping[tuple[Any, ...], Row], names: Sequence[Sequence[str]]
) -> Change:
    shown, origin, key = names
    was = row if operation == "delete" else before.get(tuple(repr(row[name]) for name in key))
    now = None if operation == "delete" else {name: row[name] for name in shown}
    was = None if was is None or operation == "insert" else {name: was[name] for name in shown}
    return Change(operation, was, now, tuple(row.get(name) for name in origin))
