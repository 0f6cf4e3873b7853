"""SQLite by Python's own driver: opening a file, quoting a name, and its errors in our words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from syncline import ConfigError, DataError, Missing, SynclineError, TransientError

BUSY_SECONDS = 30.0
_LOW_BYTE = 0xFF
_PERMISSIONS = (ConfigError, "{path} cannot be used: {error}", "check its permissions and those of its folder")
_LOCKED = (TransientError, "another program has locked {path}", "close it, or run again when it is done")
_UNFINISHED = (
    ConfigError,
    "a program was ended while it wrote to {path}, and it takes one that may write to set that right",
    "open it once with that program, or with `sqlite3 FILE .tables`",
)
_WORDS: dict[int, tuple[type[SynclineError], str, str]] = {
    sqlite3.SQLITE_AUTH: _PERMISSIONS,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_CANTOPEN: _PERMISSIONS,
    sqlite3.SQLITE_CORRUPT: (DataError, "{path} is damaged: {error}", "restore it from a backup"),
    sqlite3.SQLITE_ERROR: (ConfigError, "{path}: {error}", ""),
    sqlite3.SQLITE_FULL: (DataError, "no space is left for {path}", "make room on the disk, then run again"),
    sqlite3.SQLITE_IOERR: (TransientError, "{path} cannot be read or written: {error}", ""),
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_NOTADB: (ConfigError, "{path} is not an SQLite database", "check `url:`"),
    sqlite3.SQLITE_PERM: _PERMISSIONS,
    sqlite3.SQLITE_READONLY: _PERMISSIONS,
    sqlite3.SQLITE_READONLY_RECOVERY: _UNFINISHED,
    sqlite3.SQLITE_READONLY_ROLLBACK: _UNFINISHED,
}


def quoted(name: str) -> str:
    """A name as SQL takes it.

    Example:
        >>> quoted('a"b')
        '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def listed(names: Iterable[str]) -> str:
    """Names as SQL takes them, with commas between."""
    return ", ".join(quoted(name) for name in names)


@contextmanager
def opened(path: Path, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    """An SQLite file; only to write is it made if need be.

    Raises:
        ConfigError: it is not there, or is no database, or may not be written.
        TransientError: another program has locked it.
        DataError: the disk is full, or the file damaged.
    """
    look(path, write=write)
    mode = "rwc" if write else "ro"
    with told(path):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        with closing(connection):
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            yield connection


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """All of what happens within, or nothing of it (R21: the lock is taken first)."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def words(connection: sqlite3.Connection, sql: str, *values: str) -> list[Any]:
    """Rows of the catalogue, with texts as texts whatever the connection makes of them."""
    rows = connection.execute(sql, values)
    return [tuple(cell.decode() if isinstance(cell, bytes) else cell for cell in row) for row in rows]


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Errors of SQLite become ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise in_our_words(error, str(path)) from error


def look(path: Path, *, write: bool) -> None:
    """See that the file, or to write its folder, can be used, without making anything.

    Raises:
        ConfigError: it cannot.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder, not a database")
    if not write and not path.exists():
        raise Missing(f"there is no database {path}", hint="check `url:`")
    if write and not path.resolve().parent.is_dir():
        raise ConfigError(f"there is no folder {path.resolve().parent} to keep the database in", hint="make it first")
    wanted = path if path.exists() else path.resolve().parent
    if not os.access(wanted, os.W_OK if write else os.R_OK):
        raise ConfigError(f"{wanted} may not be {'written' if write else 'read'}", hint="change its permissions")


def in_our_words(error: sqlite3.Error, path: str) -> SynclineError:
    """An error of SQLite by what to do about it; `path` names the database."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    kind, message, hint = _WORDS.get(code) or _WORDS.get(code & _LOW_BYTE, (DataError, "{path}: {error}", ""))
    return kind(message.format(path=path, error=error), hint=hint)
