"""Reading PostgreSQL as Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from connectors.sql import postgresql_catalogue as catalogue
from connectors.sql.postgresql_beyond import parted
from connectors.sql.postgresql_catalogue import Relation
from connectors.sql.postgresql_condition import Conditions
from connectors.sql.postgresql_late import Mark
from connectors.sql.postgresql_link import Link, linked
from connectors.sql.postgresql_range import batches, ranges
from connectors.sql.postgresql_type import Found
from connectors.sql.postgresql_uuid import written
from connectors.sql.reading import BATCH_ROWS, Columns, start
from connectors.sql.sqlite import quoted
from syncline import ConfigError, Cursor, Read, SyncMode

_UNCHECKED = "SQL_ASCII"
_PADDED = "bpchar"
"""char(n), of which PostgreSQL leaves the blanks out when it is cast or compared."""


@contextmanager
def reading(url: str, schema: str | None) -> Iterator[PostgresqlReader]:
    """A database in a read transaction."""
    with linked(url) as link:
        yield PostgresqlReader(link, schema)


class PostgresqlReader:
    """A database in a read transaction."""

    def __init__(self, link: Link, schema: str | None) -> None:
        self.link = link
        self.schema = schema
        self._known: dict[str, Relation] = {}

    def tables(self, *, views: bool = True) -> list[str]:
        """The tables and views there are."""
        return catalogue.tables(self.link, self.schema, views=views)

    def columns(self, origin: str) -> pa.Schema:
        """The columns of a table, view or query."""
        return pa.schema([pa.field(found.name, found.kind) for found in self._relation(origin).columns.values()])

    def names(self, origin: str) -> list[str]:
        """The names of the columns alone."""
        return list(self._relation(origin).columns)

    def key(self, origin: str) -> tuple[str, ...]:
        """The primary key, or else a unique index on columns that are never NULL."""
        return catalogue.key(self.link, self._relation(origin))

    def highest(self, request: Read) -> Cursor:
        """The highest value of the cursor column as PostgreSQL writes it, and the snapshot that is read."""
        at = self._highest(request)
        return None if at is None else Mark(at, self._snapshot()).cursor()

    def rows(self, request: Read) -> Iterator[Columns]:
        """The rows asked for, in the order of the key."""
        conditions = Conditions(self._relation(request.origin), request)
        if request.mode is SyncMode.FROM_DATE:
            yield from self._select(request, conditions.from_date(self._highest(request)))
        elif (cursor := start(request)) is not None:
            yield from self._select(request, conditions.since(Mark.of(cursor), self._snapshot()))
        else:
            yield from self._select(request, "true")

    def again(self, request: Read) -> Iterator[Columns]:
        """The rows whose keys are asked for again, as far as `rows` does not give them."""
        if start(request) is None and request.mode is not SyncMode.FROM_DATE:
            return
        for condition in Conditions(self._relation(request.origin), request).again():
            yield from self._select(request, condition)

    def _select(self, request: Read, condition: str) -> Iterator[Columns]:
        relation, schema = self._relation(request.origin), request.model.schema
        columns = [
            f"{_value(relation.column(field.name), field.type)} AS c{place}" for place, field in enumerate(schema)
        ]
        order = [_order(relation.column(name), schema.field(name).type) for name in request.model.key]
        conditions = [condition]
        if condition == "true" and order[0] == _column(relation.column(request.model.key[0])):
            conditions = ranges(self.link, relation, request.model.key[0])
        select, by = f"SELECT {', '.join(columns)} FROM {relation.sql}", ", ".join(order)
        for batch in batches(self.link, [f"{select} WHERE {part} ORDER BY {by}" for part in conditions]):
            for rows in parted(batch):
                if rows is not None:
                    yield from self._named(rows, schema.names)

    def _named(self, rows: pa.RecordBatch, names: list[str]) -> Iterator[pa.RecordBatch]:
        """At most 65,536 rows at a time; where the database does not say what its texts are written in, as bytes."""
        unchecked = self.link.encoding == _UNCHECKED
        plain = [_plain(column) for column in rows.columns]
        columns = [
            column.cast(pa.binary()) if unchecked and pa.types.is_string(column.type) else column for column in plain
        ]
        named = pa.RecordBatch.from_arrays(columns, names=names)
        for first in range(0, rows.num_rows, BATCH_ROWS):
            yield named.slice(first, BATCH_ROWS)

    def _highest(self, request: Read) -> str | None:
        relation = self._relation(request.origin)
        conditions = Conditions(relation, request)
        sql = f"SELECT max({conditions.cursor})::text AS at FROM {relation.sql} WHERE {conditions.is_finite()}"
        try:
            return self.link.rows(sql)[0]["at"]
        except ConfigError as error:
            message = f"`{request.origin}.{request.cursor_field}` cannot be a cursor: {error.message}"
            raise ConfigError(message, hint="take another, or leave it out and read in full") from error

    def _snapshot(self) -> str:
        return self.link.rows("SELECT pg_current_snapshot()::text AS snapshot")[0]["snapshot"]

    def _relation(self, origin: str) -> Relation:
        if origin not in self._known:
            self._known[origin] = catalogue.relation(self.link, origin, self.schema)
        return self._known[origin]


def _plain(column: pa.Array) -> pa.Array:
    """The values without what the driver says of them beside."""
    stored = column.storage if isinstance(column, pa.ExtensionArray) else column
    return written(stored) if pa.types.is_fixed_size_binary(stored.type) else stored


def _value(found: Found, wanted: pa.DataType) -> str:
    column = _column(found)
    return f"{column}::text" if found.is_read_as_text(wanted) and found.word != _PADDED else column


def _column(found: Found) -> str:
    return f"{catalogue.ROWS}.{quoted(found.name)}"


def _order(found: Found, wanted: pa.DataType) -> str:
    """Texts in the order of their bytes, as the snapshot has them; a UUID is in that order by itself."""
    column = _column(found)
    if found.word == "uuid" or not pa.types.is_string(wanted):
        return column
    return f'concat({column}) COLLATE "C"' if found.word == _PADDED else f'{column}::text COLLATE "C"'
