"""Rows at rest, and the changeset: what one run sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from syncline import datatype
from syncline.model import DataModel
from syncline.plain import repeated, texts

Operation: TypeAlias = Literal["insert", "update", "delete"]
OP, PART = "_op", "_part"
"""Columns beside those of the model: what is to be done with the row, and where it came from."""
STALE = "_stale"
"""A column of rows read back: over 0 where the row was written with other columns or types than today's."""
SOURCE = "source key "
"""What the columns begin with that name, behind what was sent, the row at the source that it was made of (R1)."""
BATCH_ROWS = 65_536
_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class RowFile:
    """A Parquet file of rows in the storage.

    Its columns are called c0, c1, … because the engine that compares rows does not tell `Id` from `id` (R16); `columns`
    gives their names back, `types` their types when it was written. A row without `_op` is there; one whose `_op` is
    `delete` is gone.

    Args:
        name: where it lies in the storage.
        columns, types: the names of c0, c1, …, and their types as YAML names them.
        rows: how many rows it has, gone ones included.
        source_key: the columns of this file that name the row at the source (R1).
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    source_key: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: DataModel, name: str, rows: int) -> RowFile:
        """The reference to a file of rows of a model; without columns for it, the key names them at the source too."""
        types = tuple(datatype.name(field.type) for field in model.schema)
        source_key = tuple(name for name in model.schema.names if name.startswith(SOURCE))
        return cls(name, tuple(model.schema.names), rows, source_key or model.key, types)

    def position(self, column: str) -> int | None:
        """Which of c0, c1, … holds a column of a model; None: it is not in this file."""
        if column not in self.columns:
            column = column.removeprefix(SOURCE)  # made when rows went through as they were
            if column not in self.source_key:
                return None
        return self.columns.index(column)

    def model(self, key: tuple[str, ...]) -> DataModel:
        """What a row was when the file was written."""
        fields = [pa.field(name, datatype.parse(kind)) for name, kind in zip(self.columns, self.types, strict=True)]
        return DataModel("", pa.schema(fields), key)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> RowFile:
        """The reference that `dataclasses.asdict` made JSON of."""
        lists = {part: tuple(stored[part]) for part in ("columns", "source_key", "types")}
        return cls(**{**stored, **lists})


def physical(index: int) -> str:
    """The name of a column at rest.

    Example:
        >>> physical(0)
        'c0'
    """
    return f"c{index}"


def columns(model: DataModel) -> list[str]:
    """The columns of a model at rest: c0, c1 and so on."""
    return [physical(index) for index in range(len(model.schema))]


def keys(model: DataModel) -> list[str]:
    """The key columns of a model at rest, in the order of the key."""
    return [physical(model.schema.get_field_index(column)) for column in model.key]


def traced(made: DataModel, source: DataModel) -> DataModel:
    """The rows made of a source's rows as they are kept: behind their own columns, the key of the row at the source.

    Example:
        >>> pets = DataModel("pets", pa.schema({"id": pa.int64(), "name": pa.string()}), ("id",))
        >>> tags = DataModel("pets", pa.schema({"tag": pa.string()}), ("tag",))
        >>> traced(tags, pets).schema.names
        ['tag', 'source key id']
    """
    fields = [pa.field(f"{SOURCE}{field.name}", field.type) for field in source.key_schema]
    return DataModel(made.name, pa.schema([*made.schema, *fields]), made.key)


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows came, changed and went."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __len__(self) -> int:
        """How many rows differ."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Changeset:
    """What one run sends to a destination: rows inserted, updated and deleted, kept in files.

    Args:
        model: the rows as the destination has them.
        files: local Parquet files with the rows after the change; of deleted rows, the rows as they were.
        before: local Parquet files with the updated rows as they were.
        inserted, updated, deleted: how many.
    """

    model: DataModel
    files: tuple[Path, ...] = ()
    before: tuple[Path, ...] = ()
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __len__(self) -> int:
        """How many rows change."""
        return self.inserted + self.updated + self.deleted

    def upserts(self, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The rows to insert or update, in batches of at most `size`, with the schema of the model."""
        if self.inserted + self.updated:
            yield from read(self.files, self.model.schema, self.model.schema, ("insert", "update"), size)

    def deletes(self, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The keys to delete, in batches of at most `size`, with the key's schema."""
        if self.deleted:
            yield from read(self.files, self.model.schema, self.model.key_schema, ("delete",), size)

    def removed(self, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The deleted rows as they were."""
        if self.deleted:
            yield from read(self.files, self.model.schema, self.model.schema, ("delete",), size)

    def inserts(self, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The new rows alone."""
        if self.inserted:
            yield from read(self.files, self.model.schema, self.model.schema, ("insert",), size)

    def updates(self, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The updated rows alone, as they are now."""
        if self.updated:
            yield from read(self.files, self.model.schema, self.model.schema, ("update",), size)

    def previous(self, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The updated rows as they were before, in the order of `updates`."""
        if self.updated:
            yield from read(self.before, self.model.schema, self.model.schema, ("insert", "update"), size)


def read(
    files: Sequence[Path], at_rest: pa.Schema, wanted: pa.Schema, operations: Sequence[Operation], size: int
) -> Iterator[pa.RecordBatch]:
    """Rows of Parquet files with one of `operations`, as batches of the columns `wanted` of the schema `at_rest`."""
    columns = [physical(at_rest.names.index(column)) for column in wanted.names]
    for file in files:
        with pq.ParquetFile(file, buffer_size=_READ_BYTES, pre_buffer=False) as parquet:
            has_operation = OP in parquet.schema_arrow.names
            if not has_operation and "insert" not in operations:
                continue
            wanted_columns = [*columns, OP] if has_operation else columns
            for batch in parquet.iter_batches(size, columns=wanted_columns, use_threads=False):
                rows = _of(batch, operations) if has_operation else batch
                if rows.num_rows:
                    arrays = [
                        rows.column(column).cast(field.type) for column, field in zip(columns, wanted, strict=True)
                    ]
                    yield pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _of(batch: pa.RecordBatch, operations: Sequence[Operation]) -> pa.RecordBatch:
    """The rows with one of these operations; where these are all, without a copy."""
    wanted = pc.is_in(batch.column(OP), texts(*operations))
    return batch if pc.all(wanted).as_py() else batch.filter(wanted)


def marked(rows: pa.Table, part: str, operation: str) -> pa.Table:
    """Rows at rest with the part they came from and what is to be done with them."""
    marks = {PART: repeated(part, len(rows)), OP: repeated(operation, len(rows))}
    return pa.table(dict(zip(rows.column_names, rows.columns, strict=True)) | marks)


def keys_alone(keys: pa.Table, model: DataModel, part: str, operation: str) -> pa.Table:
    """Keys of rows that are gone, or the same as in the snapshot, at rest: the other columns are NULL."""
    arrays = [
        keys.column(column.name).cast(column.type) if column.name in model.key else pa.nulls(len(keys), column.type)
        for column in model.schema
    ]
    return marked(pa.table(arrays, names=columns(model)), part, operation)
