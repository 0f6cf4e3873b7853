"""The table of a model in SQLite: making it, widening it, and what is wrong with one that is there (R22)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from connectors.sql.loading import CONNECTION, DELETED_AT
from connectors.sql.reading import PLAN_TABLE
from connectors.sql.sqlite import listed, quoted, transaction
from connectors.sql.sqlite_reader import unique_indices
from connectors.sql.sqlite_type import declared, would_change
from syncline import ConfigError, DataModel, Target

_PLANS = (
    f"CREATE TABLE IF NOT EXISTS {PLAN_TABLE} (scope TEXT PRIMARY KEY NOT NULL, fence INTEGER NOT NULL, "
    "plan TEXT NOT NULL, rejected TEXT NOT NULL, loaded_at TEXT NOT NULL)"
)


def key_columns(model: DataModel, target: Target) -> tuple[str, ...]:
    """The key as the table has it: with the connection where others write there too (R23)."""
    return (*model.key, CONNECTION) if target.shared else model.key


def check_names(model: DataModel, *, tells_case: bool = False) -> None:
    """See that the columns can stand beside each other and beside ours.

    Raises:
        ConfigError: two names differ in case only where that is no difference (R34), or one is ours.
    """
    seen: dict[str, str] = {}
    for name in model.schema.names:
        if name.lower() in (DELETED_AT, CONNECTION):
            raise ConfigError(f"model {model.name}: the column name `{name}` is taken", hint="rename it in `fields:`")
        if (twin := seen.setdefault(name.lower(), name)) != name and not tells_case:
            message = f"model {model.name}: `{twin}` and `{name}` differ in case only, which this database does not see"
            raise ConfigError(message, hint="rename one of them in `fields:`")


def prepare(connection: sqlite3.Connection, model: DataModel, target: Target) -> None:
    """Make or widen the table; one that is right is not touched."""
    check_names(model)
    if not list(_statements(connection, model, target)):
        return
    with transaction(connection):
        for statement in list(_statements(connection, model, target)):
            connection.execute(statement)


def problems(connection: sqlite3.Connection, model: DataModel, target: Target) -> Iterator[str]:
    """What stands in the way of loading the model into a table that is there."""
    there = _columns(connection, target.table)
    if not there:
        return
    key = key_columns(model, target)
    if not _keeps_apart(connection, target.table, key):
        yield f"table `{target.table}` has no unique index on the key ({', '.join(key)}), letter by letter: create one"
    for column in model.schema:
        found = there.get(column.name.lower())
        if found is not None and would_change(column.type, found):
            right = declared(column.type)
            yield (
                f"column `{target.table}.{column.name}` is declared {found}, which makes something else of values "
                f"of type {column.type}: declare it {right}"
            )


def holds(connection: sqlite3.Connection, target: Target, scope: str, plan: str) -> bool:
    """Whether the table is there, and this plan is the last of the scope."""
    if not _columns(connection, target.table) or not _columns(connection, PLAN_TABLE):
        return False
    sql = f"SELECT plan FROM main.{PLAN_TABLE} WHERE scope = ?"
    return bool(connection.execute(sql, [scope]).fetchone() == (plan,))


def has_marks(connection: sqlite3.Connection, target: Target) -> bool:
    """Whether rows are, or once were, deleted softly in the table."""
    return DELETED_AT in _columns(connection, target.table)


def _statements(connection: sqlite3.Connection, model: DataModel, target: Target) -> Iterator[str]:
    if not _columns(connection, PLAN_TABLE):
        yield _PLANS
    there = _columns(connection, target.table)
    wanted = {column.name: declared(column.type) for column in model.schema}
    if target.shared:
        wanted[CONNECTION] = "TEXT"
    if target.on_delete == "soft":
        wanted[DELETED_AT] = "TIMESTAMPTZ"
    if not there:
        yield _create(target.table, wanted, key_columns(model, target))
        return
    for name, kind in wanted.items():
        if name.lower() not in there:
            yield f"ALTER TABLE main.{quoted(target.table)} ADD COLUMN {quoted(name)} {kind}"


def _create(table: str, columns: dict[str, str], key: tuple[str, ...]) -> str:
    lines = [f"{quoted(name)} {kind}{' NOT NULL' if name in key else ''}" for name, kind in columns.items()]
    lines.append(f"PRIMARY KEY ({listed(key)})")
    return f"CREATE TABLE main.{quoted(table)} ({', '.join(lines)})"


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    rows = connection.execute("SELECT name, type FROM pragma_table_xinfo(?, 'main') WHERE hidden <> 1", [table])
    return {name.lower(): kind for name, kind in rows}


def _keeps_apart(connection: sqlite3.Connection, table: str, key: tuple[str, ...]) -> bool:
    rows = connection.execute("SELECT lower(name), lower(type) FROM pragma_table_info(?) WHERE pk", [table]).fetchall()
    is_rowid = len(rows) == 1 and rows[0] == (key[0].lower(), "integer")
    wanted = {name.lower() for name in key}
    indices = unique_indices(connection, table)
    return (is_rowid and len(key) == 1) or any({name.lower() for name in index} == wanted for index in indices)
