"""Many rows in one statement: values go to the database as columns, not as one parameter for each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, any_, bindparam, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite

Columns = Mapping[str, Sequence[Any]]


def among(connection: Connection, column: Column[Any], values: Sequence[str]) -> ColumnElement[bool]:
    """Whether a text is one of these, however many."""
    if connection.dialect.name == "sqlite":
        listed = select(text("value")).select_from(func.json_each(json.dumps(list(values))))
        return column.in_(listed)
    return column == any_(bindparam(None, list(values), postgresql.ARRAY(column.type), unique=True))


def upsert(connection: Connection, table: Table, same: Mapping[str, Any], columns: Columns) -> None:
    """Put rows in place of those with their key; `same` are the columns in which all of them have one value."""
    if connection.dialect.name == "sqlite":
        _upsert_each(connection, table, same, columns)
        return
    given = func.unnest(
        *(
            bindparam(None, list(values), postgresql.ARRAY(table.c[name].type), unique=True)
            for name, values in columns.items()
        )
    ).table_valued(*(Column(name, table.c[name].type) for name in columns))
    fixed = [literal(value, table.c[name].type) for name, value in same.items()]
    rows = select(*fixed, *given.render_derived().c)
    new = postgresql.insert(table).from_select([*same, *columns], rows)
    connection.execute(_over(new, table, columns))


def _upsert_each(connection: Connection, table: Table, same: Mapping[str, Any], columns: Columns) -> None:
    new = _over(sqlite.insert(table), table, columns)
    connection.execute(
        new, [{**same, **dict(zip(columns, row, strict=True))} for row in zip(*columns.values(), strict=True)]
    )


def _over(new: Any, table: Table, columns: Columns) -> Any:
    changed = {name: new.excluded[name] for name in columns if not table.c[name].primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)
