"""What a row is, and how rows travel: models, batches, and what is asked of a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

import pyarrow as pa

from syncline import datatype
from syncline.errors import ConfigError, DataError
from syncline.plain import no_rows

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Cursor: TypeAlias = JSON
"""Where the next incremental read starts. Only its source understands it; a map says under `at` how far that is."""
Rows: TypeAlias = "pa.Table | pa.RecordBatch | Mapping[str, Sequence[object]] | Sequence[Mapping[str, object]]"
"""Arrow rows, or plain Python columns or rows, which are then fitted to the model value by value."""


class SyncMode(StrEnum):
    """How much a run reads."""

    INCREMENTAL = "incremental"
    FULL = "full"
    FROM_DATE = "from_date"


@dataclass(frozen=True, slots=True)
class DataModel:
    """What a row is: its columns, and which of them name it.

    Types are made plain (`large_string` becomes `string`, timestamps count microseconds), so that a
    value has one form everywhere.

    Raises:
        ConfigError: no key, a key that is not a column, a doubled column, a type that cannot be kept.

    Example:
        >>> DataModel("pets", pa.schema({"id": pa.int64(), "name": pa.large_string()}), ("id",)).schema.types
        [DataType(int64), DataType(string)]
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the key and make the types plain."""
        names = self.schema.names
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ConfigError(f"model {self.name}: column `{doubled[0]}` stands twice")
        if not self.key:
            raise ConfigError(f"model {self.name} has no key", hint="say which columns name a row: `key: [id]`")
        for column in self.key:
            if column not in names:
                known = ", ".join(names)
                raise ConfigError(f"model {self.name}: the key `{column}` is not a column", hint=f"columns: {known}")
        object.__setattr__(self, "schema", self._plain_schema())

    def _plain_schema(self) -> pa.Schema:
        fields = []
        for column in self.schema:
            try:
                kind = datatype.plain(column.type)
            except ConfigError as error:
                raise ConfigError(
                    f"model {self.name}, column `{column.name}`: {error.message}", hint=error.hint
                ) from error
            if column.name in self.key and pa.types.is_floating(kind):
                raise ConfigError(f"model {self.name}: the key `{column.name}` is a {kind}", hint="use an exact type")
            fields.append(pa.field(column.name, kind))
        return pa.schema(fields)

    @property
    def key_schema(self) -> pa.Schema:
        """The key columns alone, in the order of the key."""
        return pa.schema([self.schema.field(column) for column in self.key])


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that cannot be taken: its key as far as it can be read, and the reason in words."""

    key: Mapping[str, object] | None
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What a source gives at a time (R6).

    Args:
        rows: rows to keep, in any of the forms of `Rows`.
        deleted: keys known to be gone (the key columns are enough).
        part: which source or source file of the model this is.
        cursor: where the next incremental read of this part starts, once everything up to here is kept.
        position: where this very read can go on if it breaks off after this batch.
        complete: on the last batch of a part in a full read: nothing of the part was left out.
        ordered: the rows of this read come in the order of the cursor, so that a later one is newer (R11).
        rejected: rows the source itself could not express.
        listed: every part whose name begins with this has been given (`""`: every part there is), so what is known
            of others below it is gone.
        missing: why this part could not be read at all this time; what is known of it stays as it is.
    """

    rows: Rows | None = None
    deleted: Rows | None = None
    part: str = ""
    cursor: Cursor = None
    position: JSON = None
    complete: bool = False
    ordered: bool = False
    rejected: tuple[Rejection, ...] = ()
    listed: str | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What is asked of a source (R6).

    Args:
        model: the columns wanted, and the key.
        mode: how much to read.
        origin: which table, file or resource; what `from:` says in the YAML.
        cursor_field: the column that grows when a row changes, if there is one.
        since: part -> cursor, as given by an earlier read; empty in a full read.
        from_date: in a from-date read, rows whose cursor is at or after this moment.
        overlap: how far before the cursor to start again, for rows that are committed late (R9).
        again: keys that must be read again whatever their cursor says, because they were rejected.
        position: part -> position of a read that broke off, to go on from.
        attributes: what was declared about this part of the model, e.g. `spatial_root: true` (P2.15).
    """

    model: DataModel
    mode: SyncMode = SyncMode.FULL
    origin: str = ""
    cursor_field: str | None = None
    since: Mapping[str, Cursor] = field(default_factory=dict)
    from_date: datetime | None = None
    overlap: timedelta | None = None
    again: pa.Table | None = None
    position: Mapping[str, JSON] = field(default_factory=dict)
    attributes: Mapping[str, JSON] = field(default_factory=dict)


def as_table(rows: Rows | None, schema: pa.Schema) -> pa.Table:
    """Small sets of rows as an Arrow table of `schema`, e.g. keys. Columns that are not in it are left out.

    Raises:
        DataError: a value does not fit.
    """
    try:
        if rows is None:
            return no_rows(schema)
        if isinstance(rows, pa.RecordBatch):
            rows = pa.Table.from_batches([rows])
        if isinstance(rows, pa.Table):
            return rows.select(schema.names).cast(schema)
        if isinstance(rows, Mapping):
            return pa.table({name: rows[name] for name in schema.names}, schema=schema)
        return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    except (pa.ArrowException, KeyError, TypeError) as error:
        raise DataError(f"these rows do not fit {schema.names}: {error}") from error
