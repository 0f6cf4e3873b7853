"""A read of a table: what it takes of any database, and the batches it makes (R6-R10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Protocol, TypeAlias

import pyarrow as pa

from syncline import Batch, ConfigError, Cursor, Read, SyncMode

Columns: TypeAlias = "Mapping[str, Sequence[object]] | pa.RecordBatch"
BATCH_ROWS = 65_536
FETCH_ROWS = 8_192
PLAN_TABLE = "_syncline_plan"


class Reader(Protocol):
    """A database in a read transaction: all questions are answered from one snapshot."""

    def tables(self, *, views: bool = True) -> list[str]:
        """The tables there are, and the views."""

    def columns(self, origin: str) -> pa.Schema | None:
        """The columns of a table, view or query; None if a query's types cannot be told.

        Raises:
            ConfigError: there is no such table; the known ones are listed.
        """

    def names(self, origin: str) -> list[str]:
        """The names of the columns alone."""

    def key(self, origin: str) -> tuple[str, ...]:
        """The primary key, or else a unique index on columns that are never NULL; empty if there is none."""

    def highest(self, request: Read) -> Cursor:
        """The highest value of the cursor column, exactly as it is stored."""

    def rows(self, request: Read) -> Iterator[Columns]:
        """The rows asked for, in the order of the key."""

    def again(self, request: Read) -> Iterator[Columns]:
        """The rows whose keys are asked for again, as far as `rows` does not give them."""


def batches(reader: Reader, request: Read) -> Iterator[Batch]:
    """What the request asks for. The cursor is taken before the rows (R8) and travels on the last batch."""
    _check_columns(request, reader.names(request.origin))
    cursor = reader.highest(request) if request.cursor_field else None
    last: Columns | None = None
    for rows in chain(reader.rows(request), reader.again(request)):
        if last is not None:
            yield Batch(rows=last)
        last = rows
    yield Batch(rows=last, cursor=cursor, complete=is_full(request))


def is_full(request: Read) -> bool:
    """Whether everything is read, so that what is absent is gone (R7)."""
    without_cursor = request.mode is SyncMode.INCREMENTAL and request.cursor_field is None
    return request.mode is SyncMode.FULL or without_cursor


def start(request: Read) -> Cursor:
    """Where an incremental read starts; None: at the beginning."""
    return request.since.get("") if request.mode is SyncMode.INCREMENTAL and request.cursor_field else None


def is_query(origin: str) -> bool:
    """Whether this is a query rather than the name of a table.

    Example:
        >>> is_query("SELECT * FROM pets"), is_query("selections"), is_query("select")
        (True, False, False)
    """
    first, *others = origin.lower().split(None, 1) or [""]
    return first in ("select", "with") and bool(others)


def regrouped(chunks: Iterable[Sequence[Sequence[object]]], names: Sequence[str]) -> Iterator[Columns]:
    """Rows as a driver gives them, as columns of at most 65,536 values."""
    columns: list[list[object]] = [[] for _ in names]
    for chunk in chunks:
        for column, values in zip(columns, zip(*chunk, strict=True), strict=True):
            column.extend(values)
        if len(columns[0]) >= BATCH_ROWS:
            yield dict(zip(names, columns, strict=True))
            columns = [[] for _ in names]
    if columns[0]:
        yield dict(zip(names, columns, strict=True))


def unknown(what: str, name: str, known: Iterable[str]) -> ConfigError:
    """The error for a name that is not there."""
    return ConfigError(f"there is no {what} `{name}`", hint=f"known are {', '.join(sorted(known)) or 'none'}")


def _check_columns(request: Read, names: Sequence[str]) -> None:
    wanted = [*request.model.schema.names, *([request.cursor_field] if request.cursor_field else [])]
    there = {name.lower() for name in names}
    for name in wanted:
        if name.lower() not in there:
            raise unknown("column", f"{request.origin}.{name}", names)
