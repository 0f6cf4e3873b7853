"""Reading SQLite by its own driver."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from connectors.sql.moment import earlier, epoch, sqlite_text, style
from connectors.sql.reading import FETCH_ROWS, PLAN_TABLE, Columns, is_query, regrouped, start, unknown
from connectors.sql.sqlite import listed, quoted, words
from connectors.sql.sqlite_form import stored
from connectors.sql.sqlite_type import kind
from syncline import ConfigError, Cursor, Read, SyncMode

_QUERY = "_syncline_query"
_KEYS_AT_A_TIME = 5_000


class SqliteReader:
    """An SQLite database in a read transaction; texts come as bytes, to be fitted to the model value by value (R34)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        connection.text_factory = bytes

    def tables(self, *, views: bool = True) -> list[str]:
        """The tables and views there are."""
        found = words(self.connection, "SELECT name, type FROM sqlite_schema ORDER BY name")
        kinds = ("table", "view") if views else ("table",)
        return [name for name, kind in found if kind in kinds and not name.startswith("sqlite_") and name != PLAN_TABLE]

    def columns(self, origin: str) -> pa.Schema:
        """The columns of a table, view or query; computed ones without a type are text."""
        return pa.schema([pa.field(name, kind(declared)) for name, declared, *_ in self._columns(origin)])

    def names(self, origin: str) -> list[str]:
        """The names of the columns alone."""
        return [name for name, *_ in self._columns(origin)]

    def key(self, origin: str) -> tuple[str, ...]:
        """The primary key, or else a unique index on columns that are never NULL."""
        if is_query(origin):
            return ()
        columns = self._columns(origin)
        if primary := sorted((place, name) for name, _, _, place in columns if place):
            return tuple(name for _, name in primary)
        never_null = {name for name, _, required, _ in columns if required}
        indices = unique_indices(self.connection, self._table(origin))
        return next((index for index in indices if set(index) <= never_null), ())

    def highest(self, request: Read) -> Cursor:
        """The highest value of the cursor column, exactly as it is stored."""
        name = quoted(str(request.cursor_field))
        [(value,)] = self.connection.execute(f"SELECT max({name}) FROM {self._relation(request.origin)}")
        column = f"{request.origin}.{request.cursor_field}"
        if isinstance(value, bytes):
            if _is_number(request.model.schema.field(str(request.cursor_field)).type):
                message = f"the cursor `{column}` holds numbers as text, which do not grow in the order of texts"
                raise ConfigError(message, hint="take another cursor, or leave it out and read in full")
            return _text(value, column)
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"the cursor `{column}` holds {value}, and nothing comes after that")
        return value

    def rows(self, request: Read) -> Iterator[Columns]:
        """The rows asked for, in the order of the key."""
        _refuse_twins(request)
        where = ""
        values: list[Any] = []
        if request.mode is SyncMode.FROM_DATE:
            where, values = from_date(request, self.highest(request))
        elif start(request) is not None and not _again_needs_all(request):
            where, values = since(request)
        yield from self._select(request, where, values)

    def again(self, request: Read) -> Iterator[Columns]:
        """The rows whose keys are asked for again, as far as `rows` does not give them."""
        if request.again is None or (start(request) is None and request.mode is not SyncMode.FROM_DATE):
            return
        if _again_needs_all(request) and request.mode is not SyncMode.FROM_DATE:
            return
        key = request.model.key
        for chunk in request.again.select(list(key)).to_batches(max_chunksize=_KEYS_AT_A_TIME // len(key)):
            columns = [stored(column) for column in chunk.columns]
            one = f"({', '.join('?' * len(key))})"
            where = f"({listed(key)}) IN (VALUES {', '.join([one] * chunk.num_rows)})"
            values = [value for row in zip(*columns, strict=True) for value in row]
            yield from self._select(request, where, values)

    def _select(self, request: Read, where: str, values: Sequence[Any]) -> Iterator[Columns]:
        names = request.model.schema.names
        order = ", ".join(f"{quoted(column)} COLLATE BINARY" for column in request.model.key)
        condition = f"WHERE {where}" if where else ""
        cursor = self.connection.execute(
            f"SELECT {listed(names)} FROM {self._relation(request.origin)} {condition} ORDER BY {order}",
            values,
        )
        yield from regrouped(iter(lambda: cursor.fetchmany(FETCH_ROWS), []), names)

    def _relation(self, origin: str) -> str:
        return f"temp.{quoted(_QUERY)}" if is_query(origin) else f"main.{quoted(self._table(origin))}"

    def _table(self, origin: str) -> str:
        if is_query(origin):
            self.connection.execute(f"CREATE TEMP VIEW IF NOT EXISTS {quoted(_QUERY)} AS {origin}")
            return _QUERY
        known = {name.lower(): name for name in self.tables()}
        found = known.get(origin.lower()) or known.get(origin.lower().removeprefix("main."))
        if found is None:
            raise unknown("table", origin, known.values())
        return found

    def _columns(self, origin: str) -> list[tuple[str, str, int, int]]:
        table = self._table(origin)
        return words(
            self.connection,
            'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?, ?) WHERE hidden <> 1',
            table,
            "temp" if is_query(origin) else "main",
        )


def unique_indices(connection: sqlite3.Connection, table: str) -> list[tuple[str, ...]]:
    """The columns of each index that keeps all rows of a table apart, letter by letter."""
    sql = (
        "SELECT il.name, ix.name, ix.coll FROM pragma_index_list(?) AS il, pragma_index_xinfo(il.name) AS ix "
        'WHERE il."unique" AND NOT il.partial AND ix.key ORDER BY il.seq, ix.seqno'
    )
    found: dict[str, list[tuple[str | None, str]]] = {}
    for index, column, collation in words(connection, sql, table):
        found.setdefault(index, []).append((column, collation))
    return [
        tuple(str(column) for column, _ in columns)
        for columns in found.values()
        if all(column is not None and collation == "BINARY" for column, collation in columns)
    ]


def since(request: Read) -> tuple[str, list[Cursor]]:
    """The condition for what changed since the cursor: equal ones again, and those without (R9).

    SQLite sorts all numbers before all texts: beside a cursor of text, numbers in the same column count as new.
    Dates written in another style than the cursor do as well, from the day before it on; what is later than a text
    that should be a date and is none, nobody knows, so all is read.
    """
    name, bound = quoted(str(request.cursor_field)), earlier(start(request), request.overlap)
    if not isinstance(bound, str):
        return f"({name} >= ? OR {name} IS NULL)", [bound]
    numbers = f"{name} IS NULL OR {name} < ''"
    if like := style(bound):
        return f"({name} >= ? AND ({name} >= ? OR {name} NOT GLOB ?) OR {numbers})", [like[1], bound, like[0]]
    if pa.types.is_temporal(request.model.schema.field(str(request.cursor_field)).type):
        return "", []
    return f"({name} >= ? OR {numbers})", [bound]


def from_date(request: Read, highest: Cursor) -> tuple[str, list[Any]]:
    """The condition for rows from a date on, whether the column holds texts of any ISO style or an epoch (R10)."""
    name, moment = quoted(str(request.cursor_field)), request.from_date
    if moment is None:
        raise ConfigError("a read from a date needs the date", hint="`sync_from: 2023-01-31`")
    is_date = pa.types.is_date(request.model.schema.field(str(request.cursor_field)).type)
    number = epoch(moment, highest if isinstance(highest, int | float) else 0)
    condition = f"CASE typeof({name}) WHEN 'text' THEN coalesce(datetime({name}), {name}) >= ? ELSE {name} >= ? END"
    return condition, [sqlite_text(moment, date_only=is_date), number]


def _again_needs_all(request: Read) -> bool:
    """Keys of these types can be written in many ways; to be sure to meet them, everything is read."""
    if request.again is None or not request.again.num_rows:
        return False
    plain = (pa.types.is_integer, pa.types.is_string, pa.types.is_binary, pa.types.is_boolean, pa.types.is_date)
    return not all(any(test(field.type) for test in plain) for field in request.model.key_schema)


def _is_number(wanted: pa.DataType) -> bool:
    return bool(pa.types.is_integer(wanted) or pa.types.is_decimal(wanted) or pa.types.is_floating(wanted))


def _text(value: bytes, column: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"the cursor `{column}` is no text in UTF-8", hint="take another cursor") from error


def _refuse_twins(request: Read) -> None:
    seen: dict[str, str] = {}
    for name in request.model.schema.names:
        if (twin := seen.setdefault(name.lower(), name)) != name:
            message = f"`{twin}` and `{name}` of `{request.origin}` are one column to SQLite"
            raise ConfigError(message, hint="rename one in a query")  # R34
