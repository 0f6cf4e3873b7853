"""SQLite files: with rows in them, loaded, and looked into."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.sql import SqlDestination
from syncline import Changeset, Rejection
from syncline.testing.destination import request

TABLE = "CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT, updated_at DATETIME, extra BLOB)"


def execute(path: Path, *statements: str, **rows: Sequence[Sequence[Any]]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        for table, values in rows.items():
            for row in values[:1]:
                connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", values)
        connection.execute("COMMIT")


def loaded(destination: SqlDestination, changes: Changeset, **settings: Any) -> list[Rejection]:
    asked = replace(request(changes), **settings)
    destination.prepare(changes.model, asked.target)
    return destination.load(asked)


def ask(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()
