"""What a changeset does to each row, to be looked at: before and after, all of it or a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from syncline.changes import BATCH_ROWS, Changeset, Operation
from syncline.model import DataModel
from syncline.plain import repeated

Row: TypeAlias = Mapping[str, Any]
OPERATIONS: tuple[Operation, ...] = ("delete", "update", "insert")
"""In the order in which a changeset is told."""
_CHUNK_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after; None where it is not there."""

    operation: Operation
    before: Row | None
    after: Row | None

    @property
    def row(self) -> Row:
        """The row as it is, or was."""
        return self.after if self.after is not None else self.before or {}

    @property
    def differing(self) -> list[str]:
        """The columns of an updated row whose value is another one than before.

        Example:
            >>> Change("update", {"id": 1, "total": 5}, {"id": 1, "total": 7}).differing
            ['total']
        """
        before, after = self.before, self.after
        if before is None or after is None:
            return []
        return [name for name, value in after.items() if repr(before.get(name)) != repr(value)]


def schema_of(model: DataModel) -> pa.Schema:
    """The columns in which changes are told: the operation, and the row before and after; NULL: it is not there."""
    row = pa.struct(list(model.schema))
    return pa.schema([pa.field("operation", pa.string()), pa.field("before", row), pa.field("after", row)])


def batches(
    changeset: Changeset, operations: Collection[Operation] = OPERATIONS, size: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """The changes in batches of at most `size`, with the columns of `schema_of`."""
    told = schema_of(changeset.model)
    if "delete" in operations:
        for rows in changeset.removed(size):
            yield _batch(told, "delete", rows, None)
    if "update" in operations:
        for before, after in _side_by_side(changeset.previous(size), changeset.updates(size)):
            yield _batch(told, "update", before, after)
    if "insert" in operations:
        for rows in changeset.inserts(size):
            yield _batch(told, "insert", None, rows)


def some(
    changeset: Changeset, operations: Collection[Operation], *, start: int, limit: int
) -> Iterator[pa.RecordBatch]:
    """At most `limit` of the changes after the first `start`, as `batches` gives them."""
    for batch in batches(changeset, operations, _CHUNK_ROWS) if limit else ():
        rows = batch.slice(min(start, batch.num_rows), limit)
        if rows.num_rows:
            yield rows
        start, limit = max(start - batch.num_rows, 0), limit - rows.num_rows
        if not limit:
            return


def read_changes(
    changeset: Changeset, operations: Collection[Operation] = OPERATIONS, *, start: int = 0, limit: int
) -> list[Change]:
    """At most `limit` of the changes after the first `start`."""
    found = some(changeset, operations, start=start, limit=limit)
    return [Change(**change) for batch in found for change in batch.to_pylist()]


def _batch(told: pa.Schema, operation: str, *sides: pa.RecordBatch | None) -> pa.RecordBatch:
    count = next(side.num_rows for side in sides if side is not None)
    columns = [_row(side, told.field(1).type, count) for side in sides]
    return pa.RecordBatch.from_arrays([repeated(operation, count), *columns], schema=told)


def _row(side: pa.RecordBatch | None, kind: pa.StructType, count: int) -> pa.Array:
    return pa.nulls(count, kind) if side is None else pa.StructArray.from_arrays(side.columns, fields=list(kind))


def _side_by_side(
    left: Iterable[pa.RecordBatch], right: Iterable[pa.RecordBatch]
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """The rows of both, cut so that each pair has as many."""
    ones, others = iter(left), iter(right)
    one, other = next(ones, None), next(others, None)
    while one is not None and other is not None:
        size = min(one.num_rows, other.num_rows)
        yield one.slice(0, size), other.slice(0, size)
        one = one.slice(size) if one.num_rows > size else next(ones, None)
        other = other.slice(size) if other.num_rows > size else next(others, None)
