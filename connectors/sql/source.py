"""A SQL database as a source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from connectors.sql import address, sqlite
from connectors.sql.reading import Reader, batches
from connectors.sql.sqlite_reader import SqliteReader
from syncline import Batch, ConfigError, DataModel, Read, Source


@dataclass(frozen=True)
class SqlSource(Source):
    """Tables, views and queries of a SQL database; each read sees one snapshot of it.

    What the types of PostgreSQL become stands in `postgresql_type`. Of its tables an incremental read misses no
    transaction, however late it ended (`postgresql_late`); views, queries and other systems need an `overlap`.

    In a from-date read a column of integers counts seconds since 1970, or milli- or microseconds where its
    values are that large. A DECIMAL without digits in SQLite is a float, as SQLite keeps it.

    Args:
        url: its address as SQLAlchemy takes it: `sqlite:///shop.db`, `postgresql://host/shop?sslmode=require`.
        schema: where the tables are; None: where the database looks by itself.
    """

    url: str
    schema: str | None = None
    rereads = True
    is_remote = True

    def identity(self) -> str:
        """Which database this is, whoever logs in."""
        return address.identity(self.url, self.schema)

    def check(self) -> None:
        """Reach the database."""
        with self._reading() as reader:
            reader.tables()

    def read(self, request: Read) -> Iterator[Batch]:
        """The rows of a table, a view or a query, in the order of the key, with the cursor as it was before."""
        with self._reading() as reader:
            yield from batches(reader, request)

    def discover(self) -> Iterator[DataModel]:
        """The tables that have a key."""
        with self._reading() as reader:
            for table in reader.tables(views=False):
                columns, key = reader.columns(table), reader.key(table)
                if columns is not None and key and not _has_float(columns, key):
                    yield DataModel(table, columns, key)

    def describe(self, origin: str) -> DataModel | None:
        """The columns and the key of a table.

        Raises:
            ConfigError: there is no such table, or it has no key.
        """
        with self._reading() as reader:
            columns, key = reader.columns(origin), reader.key(origin)
        if columns is None:
            return None
        if not key:
            hint = f"declare `key:`; the columns are {', '.join(columns.names)}"
            raise ConfigError(f"`{origin}` has no primary key", hint=hint)
        return DataModel(origin, columns, key)

    def columns(self, origin: str) -> pa.Schema | None:
        """The columns of a table, view or query, whether it has a key or not."""
        with self._reading() as reader:
            return reader.columns(origin)

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        path = address.sqlite_file(self.url)
        if address.for_libpq(self.url):
            from connectors.sql import postgresql_reader  # noqa: PLC0415 - SQLite does without its driver

            with postgresql_reader.reading(self.url, self.schema) as reader:
                yield reader
            return
        if path is None:
            from connectors.sql.alchemy_reader import reading  # noqa: PLC0415 - SQLite does without SQLAlchemy

            with reading(self.url, self.schema) as reader:
                yield reader
            return
        if self.schema not in (None, "main"):
            raise ConfigError(f"SQLite has no schema `{self.schema}`", hint="leave `schema:` out")
        with sqlite.opened(path) as connection, sqlite.transaction(connection, "BEGIN"):
            yield SqliteReader(connection)


def _has_float(columns: pa.Schema, key: tuple[str, ...]) -> bool:
    return any(pa.types.is_floating(columns.field(name).type) for name in key)
