"""Reading any database through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.sql import sqlite_type
from connectors.sql.alchemy import arrow_type, column_type, connected
from connectors.sql.cell import as_json, from_json
from connectors.sql.moment import earlier, epoch, sqlite_text, style
from connectors.sql.reading import FETCH_ROWS, PLAN_TABLE, Columns, is_query, regrouped, start, unknown
from syncline import ConfigError, Cursor, Read, SyncMode

_KEYS_AT_A_TIME = 500
_MATERIALIZED = ("oracle", "postgresql")


@contextmanager
def reading(url: str, schema: str | None) -> Iterator[AlchemyReader]:
    """A database in a read transaction."""
    with connected(url, snapshot=True) as connection, connection.begin():
        yield AlchemyReader(connection, schema)


class AlchemyReader:
    """A database in a read transaction."""

    def __init__(self, connection: sa.Connection, schema: str | None) -> None:
        self.connection = connection
        self.schema = schema
        self.dialect = connection.dialect.name

    @cached_property
    def _catalogue(self) -> sa.Inspector:
        return sa.inspect(self.connection)

    def tables(self, *, views: bool = True) -> list[str]:
        """The tables and views there are."""
        return self._tables(self.schema, views=views)

    def columns(self, origin: str) -> pa.Schema | None:
        """The columns of a table or view; the types of a query cannot be told."""
        if is_query(origin):
            return None
        kinds = self._kinds(origin)
        return pa.schema([pa.field(name, kind) for name, kind in kinds.items()])

    def names(self, origin: str) -> list[str]:
        """The names of the columns alone."""
        if not is_query(origin):
            return list(self._kinds(origin))
        found = self.connection.execute(sa.select(sa.text("*")).select_from(self._relation(origin)).where(sa.false()))
        return list(found.keys())

    def key(self, origin: str) -> tuple[str, ...]:
        """The primary key, or else a unique index on columns that are never NULL."""
        if is_query(origin):
            return ()
        table, schema = self._table(origin)
        if primary := self._catalogue.get_pk_constraint(table, schema)["constrained_columns"]:
            return tuple(primary)
        columns = self._catalogue.get_columns(table, schema)
        never_null = {column["name"] for column in columns if not column["nullable"]}
        uniques = [index["column_names"] for index in self._catalogue.get_unique_constraints(table, schema)]
        return next((tuple(names) for names in uniques if set(names) <= never_null), ())

    def highest(self, request: Read) -> Cursor:
        """The highest value of the cursor column, exactly."""
        column = self._column(request, str(request.cursor_field))
        return as_json(self.connection.execute(self._from(request, sa.func.max(column))).scalar())

    def rows(self, request: Read) -> Iterator[Columns]:
        """The rows asked for, in the order of the key."""
        if request.mode is SyncMode.FROM_DATE:
            yield from self._select(request, self._from_date(request))
        elif start(request) is not None:
            yield from self._select(request, self._since(request))
        else:
            yield from self._select(request, sa.true())

    def again(self, request: Read) -> Iterator[Columns]:
        """The rows whose keys are asked for again, as far as `rows` does not give them."""
        if request.again is None or (start(request) is None and request.mode is not SyncMode.FROM_DATE):
            return
        for chunk in request.again.to_batches(max_chunksize=_KEYS_AT_A_TIME):
            same = [
                sa.and_(
                    *(
                        self._column(request, name) == self._value(request, name, row[name])
                        for name in request.model.key
                    )
                )
                for row in chunk.to_pylist()
            ]
            yield from self._select(request, sa.or_(*same))

    def _select(self, request: Read, condition: sa.ColumnElement[bool]) -> Iterator[Columns]:
        names = request.model.schema.names
        columns = [self._readable(request, name).label(f"c{place}") for place, name in enumerate(names)]
        order = [self._ordered(request, name) for name in request.model.key]
        query = self._from(request, *columns).where(condition).order_by(*order)
        result = self.connection.execution_options(stream_results=True).execute(query)
        yield from regrouped(iter(lambda: result.fetchmany(FETCH_ROWS), []), names)

    def _from(self, request: Read, *columns: Any) -> sa.Select[Any]:
        return sa.select(*columns).select_from(self._relation(request.origin))

    def _column(self, request: Read, name: str) -> sa.ColumnClause[Any]:
        """A column without a type, so that values come as the driver has them; without a table, there is but one."""
        known = {there.lower(): there for there in self.names(request.origin)} if self.dialect == "sqlite" else {}
        return sa.column(known.get(name.lower(), name))

    def _readable(self, request: Read, name: str) -> sa.ColumnElement[Any]:
        """What the driver would make an object of (a UUID, JSON) is read as text."""
        column = self._column(request, name)
        if self.dialect == "sqlite" or not pa.types.is_string(request.model.schema.field(name).type):
            return column
        return sa.cast(column, sa.Text())

    def _ordered(self, request: Read, name: str) -> sa.ColumnElement[Any]:
        """Texts in the order of their bytes, as the snapshot has them."""
        column = self._readable(request, name)
        is_text = pa.types.is_string(request.model.schema.field(name).type)
        return column.collate("C") if is_text and self.dialect == "postgresql" else column

    def _value(self, request: Read, name: str, value: Any) -> sa.ColumnElement[Any]:
        kind = request.model.schema.field(name).type
        if self.dialect == "sqlite":
            return sa.literal(value if isinstance(value, int | float | str | bytes) else str(value))
        return sa.literal(from_json(value, kind), column_type(kind, self.dialect))

    def _since(self, request: Read) -> sa.ColumnElement[bool]:
        name = str(request.cursor_field)
        column = self._column(request, name)
        cursor = earlier(start(request), request.overlap)
        if self.dialect == "sqlite" and isinstance(cursor, str):
            return self._since_text(request, column, cursor)
        return sa.or_(column >= self._value(request, name, cursor), column.is_(None))  # R9

    def _since_text(self, request: Read, column: sa.ColumnClause[Any], cursor: str) -> sa.ColumnElement[bool]:
        """In SQLite a column holds numbers beside texts, and dates in any style (see `sqlite_reader.since`)."""
        others = sa.or_(column.is_(None), column < sa.literal(""))
        if like := style(cursor):
            unlike = sa.not_(column.op("GLOB", is_comparison=True)(sa.literal(like[0])))
            later = sa.or_(column >= sa.literal(cursor), unlike)
            return sa.or_(sa.and_(column >= sa.literal(like[1]), later), others)
        if pa.types.is_temporal(request.model.schema.field(str(request.cursor_field)).type):
            return sa.true()
        return sa.or_(column >= sa.literal(cursor), others)

    def _from_date(self, request: Read) -> sa.ColumnElement[bool]:
        name, moment = str(request.cursor_field), request.from_date
        if moment is None:
            raise ConfigError("a read from a date needs the date", hint="`sync_from: 2023-01-31`")
        column, kind = self._column(request, name), request.model.schema.field(name).type
        if pa.types.is_integer(kind):
            highest = self.highest(request)
            return column >= sa.literal(epoch(moment, highest if isinstance(highest, int) else 0))
        if self.dialect == "sqlite":
            return sa.func.datetime(column) >= sqlite_text(moment, date_only=pa.types.is_date(kind))
        return column >= sa.literal(_fitting(moment, kind), column_type(kind, self.dialect))

    def _relation(self, origin: str) -> sa.FromClause:
        if is_query(origin):
            query = origin.strip().rstrip(";").replace(":", r"\:")  # a colon would announce a parameter
            return sa.text(f"({query}) AS syncline_query")  # type: ignore[return-value]
        table, schema = self._table(origin)
        return sa.table(table, schema=schema)

    def _table(self, origin: str) -> tuple[str, str | None]:
        if origin in self._tables(self.schema):
            return origin, self.schema
        schema, dot, table = origin.partition(".")
        if dot and schema in self._catalogue.get_schema_names() and table in self._tables(schema):
            return table, schema
        raise unknown("table", origin, self._tables(self.schema))

    def _tables(self, schema: str | None, *, views: bool = True) -> list[str]:
        found = self._catalogue.get_table_names(schema)
        if views:
            found += self._catalogue.get_view_names(schema)
        if views and self.dialect in _MATERIALIZED:
            found += self._catalogue.get_materialized_view_names(schema)
        return sorted(name for name in found if name != PLAN_TABLE)

    def _kinds(self, origin: str) -> dict[str, pa.DataType]:
        table, schema = self._table(origin)
        if self.dialect == "sqlite":
            rows = self.connection.execute(
                sa.text("SELECT name, type FROM pragma_table_xinfo(:table) WHERE hidden <> 1"), {"table": table}
            )
            return {name: sqlite_type.kind(declared) for name, declared in rows}
        return {column["name"]: arrow_type(column["type"]) for column in self._catalogue.get_columns(table, schema)}


def _fitting(moment: datetime, kind: pa.DataType) -> Any:
    """The moment as a value to compare with a column of this type."""
    if pa.types.is_date(kind):
        return moment.astimezone(UTC).date()
    if pa.types.is_timestamp(kind):
        return moment if kind.tz else moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat()
