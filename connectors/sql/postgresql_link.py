"""A read transaction of PostgreSQL whose answers come as Arrow, through its Arrow driver (ADBC)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import pyarrow as pa
from adbc_driver_manager import _reader as adbc_reader

from connectors.sql.address import for_libpq, scrubbed, shown
from connectors.sql.postgresql_error import in_our_words, said

_BATCH_BYTES = 4 * 2**20
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_PLAIN_TEXT = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "xmlbinary": "base64",
}
"""Whatever the account prefers: values as text have one form, and our texts are taken as they are."""


@lru_cache
def _database(url: str) -> Any:
    """What the driver knows of a database once it has asked for all its types and columns, which takes a connection.

    It is not asked again: values of types that came later are read as text, like those of most that it knows.
    """
    return adbc_driver_postgresql.connect(url)


@contextmanager
def linked(url: str, snapshot: str = "") -> Iterator[Link]:
    """A connection in a read transaction: all its questions are answered from one state of the database.

    With a `snapshot` that another one has exported, and still holds, it is that one's.

    Raises:
        ConfigError: it lets nobody in with these settings.
        TransientError: it does not answer.
    """
    link = Link(url)
    try:
        link.begin(snapshot)
        yield link
    finally:
        link.close()


class Link:
    """A connection in a read transaction."""

    def __init__(self, url: str) -> None:
        self.url, self._where = url, shown(url)
        self._streams: list[Any] = []
        self.encoding = ""
        with self._told():
            self._connection = adbc.AdbcConnection(_database(for_libpq(url) or url))

    def begin(self, snapshot: str = "") -> None:
        """Begin; from here on nothing changes, and nothing can be changed."""
        for sql in [_BEGIN, *([f"SET TRANSACTION SNAPSHOT '{snapshot}'"] if snapshot else [])]:
            with self._told(), adbc.AdbcStatement(self._connection) as statement:
                statement.set_sql_query(sql)
                statement.execute_update()
        encoding = "CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END"
        settings = [f"set_config('client_encoding', {encoding}, true) AS encoding"]
        settings += [f"set_config('{name}', '{value}', true) AS {name}" for name, value in _PLAIN_TEXT.items()]
        [answer] = self.rows(f"SELECT {', '.join(settings)}")
        self.encoding = answer["encoding"]

    def close(self) -> None:
        """End it, also in the midst of an answer."""
        for stream in self._streams:
            with suppress(adbc.Error):
                stream.close()
        self._connection.close()

    def cancel(self) -> None:
        """Have the server leave off what it is doing, if anything; another thread waits for it."""
        with suppress(adbc.Error):
            self._connection.cancel()

    def schema(self, sql: str) -> pa.Schema:
        """The columns of an answer, with their types in PostgreSQL beside them; nothing is read."""
        with self._told(), adbc.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(sql)
            handle = statement.execute_schema()
            return pa.Schema._import_from_c(handle.address)  # noqa: SLF001 - Arrow's way in

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """A short answer."""
        return [row for batch in self.batches(sql) for row in batch.to_pylist()]

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """A long answer, some four megabytes at a time."""
        with self._told(), adbc.AdbcStatement(self._connection) as statement:
            statement.set_options(
                **{adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_BATCH_BYTES)}
            )
            statement.set_sql_query(sql)
            stream, _ = statement.execute_query()
            # pyarrow's own reader would drop the code of an error in the midst of an answer
            reader = adbc_reader.AdbcRecordBatchReader._import_from_c(stream.address)  # noqa: SLF001
            self._streams.append(reader)
            yield from reader
            self._streams.remove(reader)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except adbc.Error as error:
            heard = scrubbed(said(str(error)), self.url)
            raise in_our_words(error.sqlstate, heard, self._where) from None  # it may bear the password
