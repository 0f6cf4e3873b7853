"""Many rows in one statement: to PostgreSQL they go as one parameter, for it takes its time over thousands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import (
    ARRAY,
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
_SEPARATOR = "\x1f"
"""In JSON it never stands as itself."""


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
    texts = {name: _joined(values) for name, values in columns.items()}
    connection.execute(_upsert_all(table, tuple(same), tuple(columns)), {**same, **texts})


@cache
def _upsert_all(table: Table, same: tuple[str, ...], columns: tuple[str, ...]) -> postgresql.Insert:
    """The statement, which takes longer to make than to run; a column comes as one text, which PostgreSQL splits."""
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    typed = [Column(name, table.c[name].type) for name in columns]
    split = [func.string_to_array(bindparam(one.name, type_=Text), _SEPARATOR, "") for one in typed]
    arrays = [cast(text, ARRAY(one.type)) for text, one in zip(split, typed, strict=True)]
    given = func.unnest(*arrays).table_valued(*typed)
    fixed = [bindparam(name, type_=table.c[name].type) for name in same]
    new = postgresql.insert(table).from_select([*same, *columns], select(*fixed, *given.render_derived().c))
    return _over(new, table, columns)


def _joined(values: Sequence[str | int | None]) -> str:
    """The values of a column as one text: read in half the time that the same takes as JSON.

    None of them is an empty text, which stands for NULL, or has the separator in it.
    """
    told = [None if value is None else str(value) for value in values]
    joined = _SEPARATOR.join(text or "" for text in told)
    assert "" not in told
    assert joined.count(_SEPARATOR) == len(told) - 1
    return joined


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
