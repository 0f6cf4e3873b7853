"""The table of a model in PostgreSQL: what is there, making it, widening it, and what is wrong with it (R22)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from connectors.sql.loading import CONNECTION, DELETED_AT
from connectors.sql.postgresql import Connection, transaction
from connectors.sql.postgresql_form import declared, fit
from connectors.sql.reading import PLAN_TABLE
from connectors.sql.sqlite import listed, quoted
from connectors.sql.sqlite_table import check_names, key_columns
from syncline import ConfigError, DataModel, Target

_LONGEST_NAME = 63
_TABLES = ("r", "p")
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('syncline prepares tables', 0))"
_SCHEMA = "SELECT n.nspname FROM pg_namespace n WHERE n.nspname = coalesce(%s, current_schema())"
_RELATION = (
    "SELECT c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = %s AND c.relname = %s"
)
_COLUMNS = (
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN t.typtype = 'd' "
    "THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END, "
    "a.attgenerated <> '', a.attidentity = 'a' "
    "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
_KEYS = (
    "SELECT (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = i.indrelid "
    "AND a.attnum = ANY((i.indkey::int2[])[0:i.indnkeyatts - 1])) FROM pg_index i WHERE i.indrelid = %s::regclass "
    "AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS "
    "(SELECT FROM pg_collation c WHERE c.oid = ANY(i.indcollation::oid[]) AND NOT c.collisdeterministic)"
)
_PLANS = (
    "scope varchar(255) PRIMARY KEY, fence bigint NOT NULL, plan varchar(255) NOT NULL, "
    "rejected text NOT NULL, loaded_at varchar(40) NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is there.

    Args:
        kind: its type, as a cast takes it.
        plain: the same, but of a domain the type beneath.
        computed: the database fills it by itself.
        numbered: the database numbers it by itself, and lets nobody change the number.
    """

    kind: str
    plain: str
    computed: bool
    numbered: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is there; `keys` are the columns of its unique indices."""

    kind: str
    columns: dict[str, Column]
    keys: tuple[frozenset[str], ...]


def schema_of(connection: Connection, schema: str | None) -> str:
    """The schema where tables are looked for and made.

    Raises:
        ConfigError: it is not there.
    """
    row = connection.execute(_SCHEMA, [schema]).fetchone()
    if row is None:
        hint = f"CREATE SCHEMA {quoted(schema)}" if schema else "say `schema:`"
        raise ConfigError(f"there is no schema `{schema}`" if schema else "no schema is chosen", hint=hint)
    return str(row[0])


def holds(connection: Connection, schema: str, table: str, scope: str, plan: str) -> bool:
    """Whether the table is there, and this plan is the last of the scope."""
    for name in (table, PLAN_TABLE):
        if connection.execute(_RELATION, [schema, name]).fetchone() is None:
            return False
    query = f"SELECT plan FROM {qualified(schema, PLAN_TABLE)} WHERE scope = %s"
    last = connection.execute(query, [scope]).fetchone()
    return last is not None and last[0] == plan


def qualified(schema: str, table: str) -> str:
    """The table as SQL takes it."""
    return f"{quoted(schema)}.{quoted(table)}"


def described(connection: Connection, schema: str, table: str) -> Table | None:
    """What is there under this name."""
    row = connection.execute(_RELATION, [schema, table]).fetchone()
    if row is None:
        return None
    name = qualified(schema, table)
    columns = {found[0]: Column(*found[1:]) for found in connection.execute(_COLUMNS, [name])}
    keys = tuple(frozenset(found[0]) for found in connection.execute(_KEYS, [name]) if found[0])
    return Table(row[0], columns, keys)


def prepare(connection: Connection, schema: str | None, model: DataModel, target: Target) -> None:
    """Make or widen the table; one that is right is not touched. Two at once do not disturb each other.

    Raises:
        ConfigError: there is no such schema, or the right to do it is missing.
    """
    _check_model(model, target)
    place = schema_of(connection, schema)
    if not list(_statements(connection, place, model, target)):
        return
    with transaction(connection):
        connection.execute(_ONE_AT_A_TIME)
        for statement in list(_statements(connection, place, model, target)):
            connection.execute(statement)


def problems(connection: Connection, schema: str | None, model: DataModel, target: Target) -> Iterator[str]:
    """What stands in the way of loading the model into a table that is there."""
    _check_model(model, target)
    there = described(connection, schema_of(connection, schema), target.table)
    if there is None:
        return
    if there.kind not in _TABLES:
        yield f"`{target.table}` is not a table: name another in `to:`"
        return
    key = key_columns(model, target)
    if frozenset(key) not in there.keys:
        yield f"table `{target.table}` has no unique index on the key ({', '.join(key)}), letter by letter: create one"
    for column in model.schema:
        if (found := there.columns.get(column.name)) is not None:
            yield from _amiss(f"column `{target.table}.{column.name}`", column, found, is_key=column.name in key)


def _amiss(where: str, wanted: pa.Field, found: Column, *, is_key: bool) -> Iterator[str]:
    if found.computed or (found.numbered and not is_key):
        yield f"{where} is filled by the database itself: leave it out of `fields:`"
    elif fit(wanted.type, found.plain, is_key=is_key) is None:
        yield (
            f"{where} is {found.kind}, which makes something else of values of type {wanted.type}: "
            f"make it {declared(wanted.type)}"
        )


def _statements(connection: Connection, schema: str, model: DataModel, target: Target) -> Iterator[str]:
    if described(connection, schema, PLAN_TABLE) is None:
        yield f"CREATE TABLE IF NOT EXISTS {qualified(schema, PLAN_TABLE)} ({_PLANS})"
    wanted = {column.name: declared(column.type) for column in model.schema}
    if target.shared:
        wanted[CONNECTION] = "text"
    if target.on_delete == "soft":
        wanted[DELETED_AT] = "timestamp with time zone"
    name = qualified(schema, target.table)
    there = described(connection, schema, target.table)
    if there is None:
        lines = ", ".join(f"{quoted(column)} {kind}" for column, kind in wanted.items())
        yield f"CREATE TABLE IF NOT EXISTS {name} ({lines}, PRIMARY KEY ({listed(key_columns(model, target))}))"
    elif missing := [column for column in wanted if column not in there.columns]:
        yield f"ALTER TABLE {name} " + ", ".join(f"ADD COLUMN {quoted(column)} {wanted[column]}" for column in missing)


def _check_model(model: DataModel, target: Target) -> None:
    check_names(model, tells_case=True)
    for name in (target.table, *model.schema.names):
        if len(name.encode()) > _LONGEST_NAME or "\0" in name:
            message = f"model {model.name}: `{name}` is no name to PostgreSQL, which takes {_LONGEST_NAME} bytes"
            raise ConfigError(message, hint="give it another in `fields:` or `to:`")
