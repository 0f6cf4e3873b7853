"""Writing SQLite by its own driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pyarrow as pa

from connectors.sql.loading import CONNECTION, DELETED_AT, Refused, Row, Stored
from connectors.sql.reading import PLAN_TABLE
from connectors.sql.sqlite import listed, quoted
from connectors.sql.sqlite_form import formless, stored
from connectors.sql.sqlite_table import has_marks, key_columns
from syncline import DataError, Load

_REFUSALS = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError)


class SqliteWriter:
    """An SQLite database in a write transaction."""

    def __init__(self, connection: sqlite3.Connection, request: Load) -> None:
        self.connection = connection
        self.request = request
        self.shared = (request.scope.rpartition("/")[0],) if request.target.shared else ()
        self._upsert = upsert_statement(request, is_marked=has_marks(connection, request.target))
        self._delete = delete_statement(request)
        self._remains = remains_statement(request)

    def stored(self) -> Stored | None:
        """What the last load of the scope left; BEGIN IMMEDIATE holds it against others (R21)."""
        sql = f"SELECT fence, plan, rejected FROM {PLAN_TABLE} WHERE scope = ?"
        row = self.connection.execute(sql, [self.request.scope]).fetchone()
        return Stored(*row) if row else None

    def note(self, stored: Stored) -> None:
        """Put that down, in this very transaction."""
        now = datetime.now(UTC).isoformat(" ", "seconds")
        self.connection.execute(
            f"INSERT OR REPLACE INTO {PLAN_TABLE} VALUES (?, ?, ?, ?, ?)",
            (self.request.scope, stored.fence, stored.plan, stored.rejected, now),
        )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """All of what happens within, or nothing of it; the transaction goes on."""
        self.connection.execute("SAVEPOINT rows")
        try:
            yield
        except Refused:
            self.connection.execute("ROLLBACK TO rows")
            raise
        finally:
            if self.connection.in_transaction:
                self.connection.execute("RELEASE rows")

    def encoded(self, rows: pa.RecordBatch) -> tuple[list[Row], dict[int, str]]:
        """Rows in the forms of SQLite, and why some have none."""
        columns = [stored(column) for column in rows.columns]
        return list(zip(*columns, strict=True)), formless(rows)

    def upsert(self, rows: Sequence[Row]) -> None:
        """Insert or update rows."""
        done = self._run(self._upsert, [(*row, *self.shared) for row in rows])
        if done < len(rows):
            raise Refused("a trigger left the row out")

    def delete(self, rows: Sequence[Row]) -> None:
        """Delete or mark the rows with these keys; those that are gone are done."""
        at = (sqlite_at(self.request.at),) if self.request.target.on_delete == "soft" else ()
        keys = [(*at, *row, *self.shared) for row in rows]
        if self._run(self._delete, keys) < len(keys) and any(self._there(key) for key in keys):
            raise Refused("a trigger kept the row from being deleted")

    def _there(self, key: Row) -> bool:
        return self.connection.execute(self._remains, key).fetchone() is not None

    def _run(self, sql: str, rows: Sequence[Row]) -> int:
        try:
            return self.connection.executemany(sql, rows).rowcount
        except _REFUSALS as error:
            if not self.connection.in_transaction:
                message = f"table `{self.request.target.table}` rolled the whole load back: {error}"
                raise DataError(message, hint="its trigger should RAISE(ABORT, …) to refuse single rows") from error
            raise Refused(str(error)) from error


def sqlite_at(moment: datetime) -> str:
    """The time of a soft deletion as SQLite keeps it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ") + "+00:00"


def upsert_statement(request: Load, *, is_marked: bool) -> str:
    """Insert a row, or update the one with its key; that takes a soft mark away, in a table that has such (R12)."""
    key = key_columns(request.model, request.target)
    names = [*request.model.schema.names, *([CONNECTION] if request.target.shared else [])]
    kept = [name for name in names if name not in key] or list(key)
    changes = [f"{quoted(name)} = excluded.{quoted(name)}" for name in kept]
    if is_marked:
        changes.append(f"{DELETED_AT} = NULL")
    return (
        f"INSERT INTO main.{quoted(request.target.table)} ({listed(names)}) VALUES ({', '.join('?' * len(names))}) "
        f"ON CONFLICT ({listed(key)}) DO UPDATE SET {', '.join(changes)}"
    )


def delete_statement(request: Load) -> str:
    """Delete the row of a key, or mark it."""
    table, where = _named(request)
    if request.target.on_delete == "soft":
        return f"UPDATE {table} SET {DELETED_AT} = ? WHERE {where}"
    return f"DELETE FROM {table} WHERE {where}"


def remains_statement(request: Load) -> str:
    """Look for the row of a key, with soft deletion for one without this very mark."""
    table, where = _named(request)
    unmarked = f"{DELETED_AT} IS NOT ? AND " if request.target.on_delete == "soft" else ""
    return f"SELECT 1 FROM {table} WHERE {unmarked}{where}"


def _named(request: Load) -> tuple[str, str]:
    """The table, and the condition that names a row by its key."""
    key = key_columns(request.model, request.target)
    return f"main.{quoted(request.target.table)}", " AND ".join(f"{quoted(name)} = ?" for name in key)
