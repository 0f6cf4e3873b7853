"""A database as the store uses it: short transactions, its own clock, errors a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, literal_column, select
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from syncline.errors import ConfigError, TransientError
from syncline.secret import Secret
from syncline.store.failure import explained
from syncline.store.tables import Moment

WAIT_SECONDS = 30
"""How long a transaction waits for another one before it gives up."""
ASLEEP_SECONDS = 10
"""How long a transaction may fall silent before PostgreSQL ends it; less than others wait for what it holds."""
_CLOCKS = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')", "postgresql": "clock_timestamp()"}
_EXAMPLES = "e.g. sqlite:///store.db or postgresql://user:password@host/database"
_PRAGMAS = (
    f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}",
    "PRAGMA synchronous = FULL",  # with WAL only FULL has a commit outlive a power cut
    "PRAGMA foreign_keys = ON",
)


@dataclass(frozen=True, slots=True)
class Database:
    """SQLite or PostgreSQL behind one face; safe to use from several threads."""

    engine: Engine
    where: str

    @property
    def is_sqlite(self) -> bool:
        """SQLite, not PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Let go of all connections that nobody uses just now; of SQLite, what its log has goes into the file."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A view of the database.

        Raises:
            ConfigError, TransientError: the database cannot be used.
        """
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all that is done in the block, or nothing. On SQLite it is the only writer meanwhile.

        Raises:
            ConfigError, TransientError: the database cannot be used.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with self.explaining(), self.engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql(begin)
            yield connection

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Turn what the driver says into what a person can do."""
        try:
            yield
        except DBAPIError as error:
            raise explained(error, self.where) from error
        except PoolTimeoutError as error:
            raise TransientError("all connections to the database are in use", where=self.where) from error


def now(connection: Connection) -> datetime:
    """The time by the database's clock, as it is at this very moment, not when the transaction began."""
    moment: datetime = connection.execute(select(literal_column(_CLOCKS[connection.dialect.name], Moment))).scalar_one()
    return moment


def open_database(url: str) -> Database:
    """The database at this URL; nothing is asked of it yet, but the folder of a SQLite file is made.

    Raises:
        ConfigError: it is no URL of a SQLite file or a PostgreSQL database.
    """
    parsed = _parsed(url.reveal() if isinstance(url, Secret) else url)
    where = parsed.set(drivername=parsed.get_backend_name()).render_as_string(hide_password=True).partition("?")[0]
    if parsed.get_backend_name() == "sqlite":
        return Database(_sqlite(parsed), where)
    return Database(_postgresql(parsed), where)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("the store's address is not a database URL", hint=_EXAMPLES) from None
    kind = parsed.drivername.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise ConfigError(f"the store cannot be kept in {kind}: it is SQLite or PostgreSQL", hint=_EXAMPLES)
    if parsed.database in {None, "", ":memory:"} or str(parsed.database).startswith("file:"):
        raise ConfigError("the store must be a file, or nothing is remembered", hint="e.g. sqlite:///store.db")
    return parsed.set(drivername="sqlite+pysqlite")


def _sqlite(url: URL) -> Engine:
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be made: {error.strerror}", hint="choose another") from error
    # Python's driver would begin transactions by itself, too late and not IMMEDIATE.
    options = {"isolation_level": None, "timeout": WAIT_SECONDS}
    engine = create_engine(url, connect_args=options, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _postgresql(url: URL) -> Engine:
    options: dict[str, Any] = {
        "connect_timeout": 10,
        "application_name": "syncline",
        "prepare_threshold": None,  # a pooler between us and the server may not keep prepared statements
    }
    engine = create_engine(
        url, connect_args=options, pool_pre_ping=True, isolation_level="READ COMMITTED", hide_parameters=True
    )
    event.listen(engine, "connect", _set_limits)
    return engine


def _set_limits(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = '{WAIT_SECONDS}s'")
    connection.execute(f"SET idle_in_transaction_session_timeout = '{ASLEEP_SECONDS}s'")
    connection.commit()
