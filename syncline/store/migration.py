"""Brings a database to the tables this version knows (R37)."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from syncline.errors import ConfigError
from syncline.store.database import WAIT_SECONDS, Database

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0008"
"""The newest migration."""
VERSION_TABLE = "syncline_version"
_LOCK = 0x73796E636C696E65
"""The key of our advisory lock: `syncline` in ASCII."""
_ALONE = Lock()  # Alembic keeps the migration that runs in a global


def migrate(database: Database) -> None:
    """Make or alter the tables, once, whoever else is about to; quick where there is nothing to do.

    Raises:
        ConfigError: the tables were made by a newer Syncline, or the database lets nothing be made.
    """
    with database.explaining():
        if version(database) != HEAD:
            with _ALONE:
                _upgrade(database)


def version(database: Database) -> str:
    """The migration the database is at; empty: at none."""
    try:
        with database.engine.connect() as connection:
            return str(connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() or "")  # noqa: S608
    except DBAPIError as error:
        if _is_missing_table(error):
            return ""
        raise


def differences(database: Database) -> list[Any]:
    """What a new migration would have to do: where the tables that are there differ from those that are used."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - R37
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    from syncline.store.pushed_tables import metadata  # noqa: PLC0415 - few runs meet all tables there are

    def is_ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in metadata.tables

    options = {"version_table": VERSION_TABLE, "include_name": is_ours}
    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _is_missing_table(error: DBAPIError) -> bool:
    return "no such table" in str(error.orig) or getattr(error.orig, "sqlstate", "") == "42P01"


def _upgrade(database: Database) -> None:
    with database.engine.connect() as connection:
        if database.is_sqlite:
            _prepare_sqlite(connection)
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        _run_migrations(connection, database.where)
        connection.commit()
    database.engine.dispose()  # with it goes what was set for this connection alone


def _prepare_sqlite(connection: Connection) -> None:
    _keep_a_log(connection)
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # batch mode makes tables anew under the others' feet
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _keep_a_log(connection: Connection) -> None:
    """Have readers and the writer out of each other's way; SQLite does not wait by itself for this change."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _run_migrations(connection: Connection, where: str) -> None:
    from alembic.command import upgrade  # noqa: PLC0415 - R37: takes a quarter of a second
    from alembic.util.exc import CommandError  # noqa: PLC0415

    try:
        upgrade(_config(connection), "head")
    except CommandError as error:
        message = "the store's tables were made by a newer version of Syncline"
        raise ConfigError(message, where=where, hint="update Syncline here") from error


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - R37

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
