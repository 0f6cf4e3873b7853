"""The engine that compares rows: a DuckDB that sees our files and nothing else, within bounded memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from syncline.errors import DataError, SynclineError
from syncline.statement import literal

if TYPE_CHECKING:
    import duckdb

MEMORY = os.environ.get("SYNCLINE_MEMORY", "256MB")
MOST_THREADS = 4
"""More of them would want more memory than there is."""


class Engine:
    """A connection to the engine; statements see the files below one folder only (R16)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, statement: str) -> None:
        """Execute a statement.

        Raises:
            DataError: it could not be done, e.g. a file is damaged.
            SynclineError: the disk is full.
        """
        with _told():
            self._connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a small result."""
        with _told():
            return self._connection.execute(query).fetchall()

    def number(self, query: str) -> int:
        """The one number that a query gives; 0 for NULL."""
        return int(self.rows(query)[0][0] or 0)

    def table(self, query: str) -> pa.Table:
        """A small result as an Arrow table."""
        with _told():
            return self._connection.sql(query).to_arrow_table()

    def batches(self, query: str, size: int) -> Iterator[pa.RecordBatch]:
        """A result of any size, in batches of at most `size` rows."""
        with _told():
            yield from self._connection.sql(query).to_arrow_reader(size)

    def register(self, name: str, table: pa.Table) -> None:
        """Let statements see an Arrow table under this name."""
        self._connection.register(name, table)

    def write(self, query: str, path: Path) -> None:
        """Write a result to a Parquet file, on disk when this returns (R18)."""
        self.run(f"COPY ({query}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")


@contextmanager
def opened(folder: Path | None = None) -> Iterator[Engine]:
    """An engine that may read and write below `folder`, and spills there when its memory is full."""
    import duckdb  # noqa: PLC0415 - a run that finds nothing new does without

    with tempfile.TemporaryDirectory(prefix=".engine-", dir=folder, ignore_cleanup_errors=True) as spill:
        settings: dict[str, Any] = {"memory_limit": MEMORY, "temp_directory": spill, "preserve_insertion_order": False}
        settings["threads"] = min(os.cpu_count() or 1, MOST_THREADS)
        connection = duckdb.connect(":memory:", config=settings)
        try:
            if folder is not None:
                connection.execute(f"SET allowed_directories = [{literal(folder)}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET lock_configuration = true")
            yield Engine(connection)
        finally:
            connection.close()


@contextmanager
def _told() -> Iterator[None]:
    """Errors of DuckDB become ours."""
    import duckdb  # noqa: PLC0415 - as above

    try:
        yield
    except duckdb.Error as error:
        raise _in_our_words(error) from error


def _in_our_words(error: duckdb.Error) -> SynclineError:
    text = str(error).splitlines()[0]
    if "No space left" in text or "max_temp_directory_size" in text:
        return SynclineError(f"the disk is full: {text}", hint="make room, then run again; nothing is lost")
    if "Out of Memory" in text:
        hint = "let it have more, e.g. SYNCLINE_MEMORY=1GB; nothing is lost"
        return SynclineError(f"{MEMORY} of memory are not enough to compare rows this wide", hint=hint)
    return DataError(f"the rows could not be compared: {text}")
