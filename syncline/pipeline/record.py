"""What a run has sent, and what is owed now, as it is kept in files: to be looked at, row by row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from syncline.changes import BATCH_ROWS, Changeset, Operation
from syncline.model import DataModel
from syncline.owed import KIND, REASON
from syncline.pipeline.plan import Plan
from syncline.pipeline.work import home
from syncline.plain import no_rows, repeated
from syncline.run import Head, ModelRun, Run
from syncline.storage import Storage

OPERATIONS: tuple[Operation, ...] = ("delete", "update", "insert")
"""In the order in which a changeset is told."""


def sent(run: Run, model: ModelRun, storage: Storage) -> Changeset | None:
    """The changeset of one model's part of a run; None: nothing was sent (P2.29).

    Raises:
        DataError: its files are no longer kept.
    """
    if not model.plan:
        return None
    folder = f"{home(run.tenant, run.connection, model.model)}/{model.plan}"
    return Plan.load(storage, f"{folder}/plan.json").changeset(storage)


def told_as(model: DataModel) -> pa.Schema:
    """The columns in which a changeset is told: the operation, and the row before and after; NULL: it is not there."""
    row = pa.struct(list(model.schema))
    return pa.schema([pa.field("operation", pa.string()), pa.field("before", row), pa.field("after", row)])


def changes(
    changeset: Changeset, operations: Collection[Operation] = OPERATIONS, size: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """The rows of a changeset, in batches with the columns of `told_as`."""
    told = told_as(changeset.model)
    if "delete" in operations:
        for rows in changeset.removed(size):
            yield _batch(told, "delete", rows, None)
    if "update" in operations:
        for before, after in _side_by_side(changeset.previous(size), changeset.updates(size)):
            yield _batch(told, "update", before, after)
    if "insert" in operations:
        for rows in changeset.inserts(size):
            yield _batch(told, "insert", None, rows)


def owed_now(head: Head, storage: Storage) -> pa.Table:
    """The rows that are owed: the columns that name them, `kind` and `reason`.

    Raises:
        DataError: their file is missing (R4).
    """
    if head.owed is None:
        return no_rows(pa.schema([(KIND, pa.string()), (REASON, pa.string())]))
    rows = pq.read_table(storage.path(head.owed.name), partitioning=None)
    return rows.rename_columns([*head.owed.columns, *rows.column_names[len(head.owed.columns) :]])


def keeps_list(storage: Storage, tenant: str, connection: str, model: str, shown: str) -> bool:
    """Whether the list of what was owed is still kept that somebody was shown (R26)."""
    return (storage.root / home(tenant, connection, model) / shown / "owed.parquet").exists()


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
