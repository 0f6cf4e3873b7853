"""Many rows in one statement: to PostgreSQL they go as one parameter, for it takes its time over thousands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
    text,
    true,
)

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Columns = Mapping[str, Sequence[Any]]


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """New rows, in the words of this database, which say too what becomes of those whose key is taken."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - each takes time to start, and one of them is enough

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)


def among(connection: Connection, query: Select[Any], column: Column[Any], values: Sequence[str]) -> Select[Any]:
    """The rows of a query that have one of these texts, however many, where the column ends a unique key.

    PostgreSQL looks up each of them. Left to choose, it goes through a whole table it has no statistics of yet; so it
    does if another index begins with the same columns as the key.
    """
    if connection.dialect.name == "sqlite":
        listed = func.json_each(orjson.dumps(values).decode())
        return query.where(column.in_(select(text("value")).select_from(listed)))
    given = func.json_array_elements_text(_json(values)).table_valued(Column("value", Text)).render_derived()
    found = query.where(column == given.c.value).limit(1).lateral()
    return select(*found.c).select_from(given.join(found, true()))


def upsert(connection: Connection, table: Table, same: Mapping[str, Any], columns: Columns) -> None:
    """Put rows in place of those with their key; `same` are the columns in which all of them have one value."""
    if connection.dialect.name == "sqlite":
        _upsert_each(connection, table, same, columns)
        return
    lists = {name: orjson.dumps(list(values)).decode() for name, values in columns.items()}
    connection.execute(_upsert_all(table, tuple(same), tuple(columns)), {**same, **lists})


@cache
def _upsert_all(table: Table, same: tuple[str, ...], columns: tuple[str, ...]) -> postgresql.Insert:
    """The statement, which takes longer to make than to run; each column comes as a list in JSON, as one parameter."""
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    fixed = [bindparam(name, type_=table.c[name].type) for name in same]
    lists = {name: cast(bindparam(name, type_=Text), JSON) for name in columns}
    values = [cast(func.json_array_elements_text(given), table.c[name].type) for name, given in lists.items()]
    return _over(postgresql.insert(table).from_select([*same, *columns], select(*fixed, *values)), table, columns)


def _json(document: object) -> ColumnElement[Any]:
    return cast(literal(orjson.dumps(document).decode(), Text), JSON)


def _upsert_each(connection: Connection, table: Table, same: Mapping[str, Any], columns: Columns) -> None:
    new = _over(insert(connection, table), table, columns)
    connection.execute(
        new, [{**same, **dict(zip(columns, row, strict=True))} for row in zip(*columns.values(), strict=True)]
    )


def _over(new: Any, table: Table, columns: Iterable[str]) -> Any:
    changed = {name: new.excluded[name] for name in columns if not table.c[name].primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)
