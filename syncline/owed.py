"""What is owed: the keys where the destination does not hold what the source says, and why (R2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from syncline.changes import RowFile, physical
from syncline.model import DataModel, Rejection
from syncline.plain import no_rows, repeated, texts
from syncline.run import Entry, Head
from syncline.storage import Storage

KIND, REASON = "kind", "reason"
REJECTED = "rejected"
"""A row that does not fit the model: it never entered the snapshot (R3)."""
OUTRANKED = "outranked"
"""A row that another part gives with other values, which comes before it (R11)."""
REFUSED = "refused"
"""A row that the destination did not take (R19)."""
FAILED = "failed"
"""A row that the transform could make nothing of, or for whose key another row stands already (R14)."""
WITHHELD = "withheld"
"""A deletion over the limit (R25)."""
ABSENT = "absent"
"""A key missing from a full read that was not proven complete (R7)."""
AWAITING = (WITHHELD, ABSENT)
"""What waits for a person, and is not tried again by itself."""
MOST_REASONS = 50
MADE = "made "
"""What the columns begin with that name a row made of many; others name rows at the source."""
_SAMPLE = 5
_VALUE = re.compile(r"'(?:[^']|'')*'")


def schema(model: DataModel) -> pa.Schema:
    """The key of the model, and the kind and reason of each row."""
    return pa.schema([*model.key_schema, pa.field(KIND, pa.string()), pa.field(REASON, pa.string())])


def of_made(made: DataModel) -> pa.Schema:
    """The columns of an owed row that stands for one made of many: the key it has at the destination."""
    return pa.schema([pa.field(f"{MADE}{field.name}", field.type) for field in made.key_schema])


def owed_rows(storage: Storage, model: DataModel, head: Head) -> pa.Table:
    """All that is owed: the key columns of the model, `kind` and `reason`, and those of `of_made` where needed.

    Raises:
        DataError: the file of a head is missing (R4).
    """
    return read(storage.path(head.owed.name), model) if head.owed is not None else no_rows(schema(model))


def read(path: Path, model: DataModel) -> pa.Table:
    """The rows of one file of owed keys."""
    rows = pq.read_table(path, partitioning=None)
    usual = schema(model)
    fields = [*usual, *list(rows.schema)[len(usual) :]]
    return rows.rename_columns([field.name for field in fields]).cast(pa.schema(fields))


def write(rows: pa.Table, model: DataModel, path: Path, name: str) -> RowFile:
    """Keep owed rows in a file."""
    kept = [physical(index) for index in range(len(model.key))]
    pq.write_table(rows.rename_columns([*kept, *rows.column_names[len(kept) :]]), path, compression="zstd")
    return RowFile(name, model.key, len(rows), model.key)


def together(parts: Sequence[pa.Table]) -> pa.Table:
    """Owed rows of several origins as one table."""
    return pa.concat_tables(parts, promote_options="default")


def from_rejections(rejections: Iterable[Rejection], model: DataModel, kind: str) -> pa.Table:
    """Rejections as owed rows; a key that cannot be read is NULL."""
    rows = [_row(rejection, model) | {KIND: kind, REASON: rejection.reason} for rejection in rejections]
    return pa.Table.from_pylist(rows, schema=schema(model)) if rows else no_rows(schema(model))


def from_keys(
    keys: pa.Table, model: DataModel, kind: str, reason: str | pa.ChunkedArray, columns: pa.Schema | None = None
) -> pa.Table:
    """Keys as owed rows of one kind; `columns` are those of `of_made` where that is what the keys are."""
    wanted = model.key_schema if columns is None else columns
    named = keys.rename_columns(wanted.names).cast(wanted)
    values = dict(zip(named.column_names, named.columns, strict=True))
    values[KIND] = repeated(kind, len(keys))
    values[REASON] = repeated(reason, len(keys)) if isinstance(reason, str) else reason
    whole = pa.schema([*schema(model), *(field for field in wanted if field.name not in model.key)])
    arrays = [values[field.name] if field.name in values else pa.nulls(len(keys), field.type) for field in whole]
    return pa.table(arrays, schema=whole)


def of_kind(rows: pa.Table, *kinds: str) -> pa.Table:
    """The rows of these kinds."""
    return rows.filter(pc.is_in(rows.column(KIND), texts(*kinds)))


def with_key(rows: pa.Table, model: DataModel, *, known: bool = True) -> pa.Table:
    """The rows whose whole key could be read, or those whose key could not."""
    first, *others = (pc.is_valid(rows.column(column)) for column in model.key)
    whole = reduce(pc.and_, others, first)
    return rows.filter(whole if known else pc.invert(whole))


def with_columns(rows: pa.Table, columns: pa.Schema) -> pa.Table:
    """The rows with these columns too, NULL where they are new or have another type by now."""
    for field in columns:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(len(rows), field.type))
        elif rows.schema.field(field.name).type != field.type:
            index = rows.column_names.index(field.name)
            rows = rows.set_column(index, field, pa.nulls(len(rows), field.type))
    return rows


def without(rows: pa.Table, keys: pa.Table, model: DataModel) -> pa.Table:
    """The rows whose key is not among `keys`."""
    if not len(rows) or not len(keys):
        return rows
    named = keys.rename_columns(list(model.key)).cast(model.key_schema)
    return rows.join(named, list(model.key), join_type="left anti").select(schema(model).names)


def once(rows: pa.Table, model: DataModel) -> pa.Table:
    """The rows, each named key once: a read may bring one by the edge of the cursor and as asked for again."""
    named = with_key(rows, model)
    alone = named.group_by(named.column_names, use_threads=False).aggregate([]).select(rows.column_names)
    return pa.concat_tables([alone.cast(rows.schema), with_key(rows, model, known=False)])


def counts(rows: pa.Table) -> dict[str, int]:
    """How many rows there are of each kind."""
    return {item["values"]: item["counts"] for item in pc.value_counts(rows.column(KIND)).to_pylist()}


def entries(rows: pa.Table, model: DataModel, file: str) -> list[Entry]:
    """One entry for each kind and reason, most frequent first; values in reasons do not tell them apart."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, (kind, reason) in enumerate(
        zip(rows.column(KIND).to_pylist(), rows.column(REASON).to_pylist(), strict=True)
    ):
        groups.setdefault((kind, _VALUE.sub("…", reason)), []).append(index)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    found = [_entry(rows, model, file, *group, indexes) for group, indexes in ordered[:MOST_REASONS]]
    rest = [index for _, indexes in ordered[MOST_REASONS:] for index in indexes]
    return [*found, _entry(rows, model, file, REJECTED, "other reasons", rest)] if rest else found


def _entry(rows: pa.Table, model: DataModel, file: str, kind: str, reason: str, indexes: Sequence[int]) -> Entry:
    shown = rows.take(pa.array(indexes[:_SAMPLE])).to_pylist()
    sample = tuple(_named([row[column] for column in key_columns(row, model.key)], row[REASON]) for row in shown)
    return Entry(model.name, kind, reason, len(indexes), sample, file)


def key_columns(row: Mapping[str, Any], key: Sequence[str]) -> list[str]:
    """The columns that name an owed row: its key at the source, or that of what is made of many rows."""
    made = [column for column in row if column.startswith(MADE)]
    return made if made and all(row[column] is None for column in key) else list(key)


def _named(key: Sequence[object], reason: str) -> str:
    """A row by its key, or by the value in it that could not be read.

    Example:
        >>> _named([7, "b"], "…"), _named([None], "`id`: 'x' is not an int64"), _named([None], "the key `id` is empty")
        ('7, b', "'x'", '')
    """
    if None not in key:
        return ", ".join(map(str, key))
    value = _VALUE.search(reason)
    return value[0] if value else ""


def _row(rejection: Rejection, model: DataModel) -> dict[str, object]:
    return {field.name: _fitting((rejection.key or {}).get(field.name), field.type) for field in model.key_schema}


def _fitting(value: object, kind: pa.DataType) -> object:
    """A key's value where it fits the key's type: what does not cannot name a row."""
    try:
        pa.array([value], kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return value
