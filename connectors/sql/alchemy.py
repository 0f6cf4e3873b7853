"""Any database through SQLAlchemy: reaching it, its types, and its errors in our words. Right, but not quick."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.types import UserDefinedType

from connectors.sql import sqlite, sqlite_type
from connectors.sql.address import for_sqlalchemy, scrubbed, shown
from syncline import ConfigError, DataError, SynclineError, TransientError

_SNAPSHOT = {"postgresql": "REPEATABLE READ", "mysql": "REPEATABLE READ", "mariadb": "REPEATABLE READ"}
_NO_TEXT_KEYS, _KEY_LENGTH = ("mariadb", "mssql", "mysql", "oracle"), 255
_REFUSED_ENTRY = re.compile(r"(?i)authentication failed|access denied|does not exist|no password|unknown database")


@contextmanager
def connected(url: str, *, snapshot: bool = False) -> Iterator[sa.Connection]:
    """A connection; with `snapshot` all its questions are answered from one state of the database.

    Raises:
        ConfigError: the address is wrong, or its driver is not installed.
        TransientError: the database does not answer.
    """
    with told(url):
        engine = _engine(url, snapshot=snapshot)
        try:
            with engine.connect() as connection:
                level = _SNAPSHOT.get(connection.dialect.name) if snapshot else None
                yield connection.execution_options(isolation_level=level) if level else connection
        finally:
            engine.dispose()


@contextmanager
def told(url: str) -> Iterator[None]:
    """Errors of SQLAlchemy and its drivers become ours."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        said = scrubbed(reason(error), url)
        raise _in_our_words(error, shown(url), said) from None  # the cause may bear the password


def is_missing_file(url: str) -> bool:
    """Whether this is a database of SQLite that is not there yet.

    Raises:
        ConfigError: it could not be made either.
    """
    engine = _engine(url, snapshot=False)
    if engine.dialect.name != "sqlite":
        return False
    file = Path(engine.url.database or ":memory:")
    sqlite.look(file, write=True)
    return not file.exists()


def reason(error: exc.SQLAlchemyError) -> str:
    """What the database itself says, on one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


class Declared(UserDefinedType[Any]):
    """A column as SQLite keeps it: values travel in their stored form."""

    cache_ok = True

    def __init__(self, word: str) -> None:
        self.word = word

    def get_col_spec(self, **_: object) -> str:
        """The declaration."""
        return self.word


def column_type(wanted: pa.DataType, dialect: str, *, key: bool = False) -> sa.types.TypeEngine[Any]:
    """The type of a column that holds values of this Arrow type."""
    if dialect == "sqlite":
        return Declared(sqlite_type.declared(wanted))
    if pa.types.is_decimal(wanted):
        return sa.Numeric(wanted.precision, wanted.scale)
    if pa.types.is_timestamp(wanted):
        return sa.DateTime(timezone=wanted.tz is not None)
    if pa.types.is_integer(wanted):
        return _integer(wanted)
    tests: tuple[tuple[Any, sa.types.TypeEngine[Any]], ...] = (
        (pa.types.is_boolean, sa.Boolean()),
        (pa.types.is_floating, sa.Double()),
        (pa.types.is_binary, sa.LargeBinary()),
        (pa.types.is_date, sa.Date()),
        (pa.types.is_time, sa.Time()),
    )
    text = sa.String(_KEY_LENGTH) if key and dialect in _NO_TEXT_KEYS else sa.Text()
    return next((kind for test, kind in tests if test(wanted)), text)


def arrow_type(found: sa.types.TypeEngine[Any]) -> pa.DataType:
    """The Arrow type for values of a column; what has no counterpart is read as text."""
    if isinstance(found, sa.DateTime):
        return pa.timestamp("us", tz="UTC" if found.timezone else None)
    if isinstance(found, sa.Numeric) and not isinstance(found, sa.Float):
        return pa.decimal128(
            found.precision or 38, 9 if found.scale is None and not found.precision else found.scale or 0
        )
    tests: tuple[tuple[Any, pa.DataType], ...] = (
        (sa.Boolean, pa.bool_()),
        (sa.SmallInteger, pa.int16()),
        (sa.BigInteger, pa.int64()),
        (sa.Integer, pa.int64()),
        (sa.Float, pa.float64()),
        (sa.LargeBinary, pa.binary()),
        (sa.Date, pa.date32()),
        (sa.Time, pa.time64("us")),
    )
    return next((kind for test, kind in tests if isinstance(found, test)), pa.string())


def _integer(wanted: pa.DataType) -> sa.types.TypeEngine[Any]:
    if wanted in (pa.int8(), pa.uint8(), pa.int16()):
        return sa.SmallInteger()
    if wanted in (pa.uint16(), pa.int32()):
        return sa.Integer()
    return sa.Numeric(20, 0) if wanted == pa.uint64() else sa.BigInteger()


def _engine(url: str, *, snapshot: bool) -> sa.Engine:
    try:
        engine = sa.create_engine(for_sqlalchemy(url), poolclass=sa.NullPool)
    except (exc.ArgumentError, exc.NoSuchModuleError, ImportError, ValueError) as error:
        lacking = f": {error}" if isinstance(error, ImportError) else ""
        message = f"{shown(url)} is not an address SQLAlchemy can use{lacking}"
        raise ConfigError(message, hint="check `url:`, and that the driver is installed") from (
            error if isinstance(error, ImportError) else None
        )
    if engine.dialect.name == "sqlite":
        file = Path(engine.url.database or ":memory:")
        if snapshot and not file.exists():
            raise ConfigError(f"there is no database {file}", hint="check `url:`")
        _begin_by_hand(engine, "BEGIN" if snapshot else "BEGIN IMMEDIATE")
    return engine


def _begin_by_hand(engine: sa.Engine, begin: str) -> None:
    """Python's driver would begin too late, and end before DDL (R22)."""

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)


def _in_our_words(error: exc.SQLAlchemyError, where: str, said: str) -> SynclineError:
    if isinstance(error, exc.DBAPIError) and isinstance(error.orig, sqlite3.Error):
        return sqlite.in_our_words(error.orig, where)
    if isinstance(error, exc.NoSuchTableError):
        return ConfigError(f"{where}: there is no table `{said}`, letter by letter", hint="upper and lower case count")
    if isinstance(error, exc.ProgrammingError):
        return ConfigError(f"{where}: {said}")
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
        if _REFUSED_ENTRY.search(reason(error)):
            return ConfigError(f"{where} lets nobody in with these settings: {said}", hint="check `url:`")
        return TransientError(f"{where} does not answer: {said}", hint="check `url:`, and that the server runs")
    return DataError(f"{where}: {said}")
