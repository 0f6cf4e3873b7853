"""Asking a PostgreSQL database, and loading it, without the parts that are tested."""

from dataclasses import replace
from typing import Any

import psycopg
import pyarrow as pa

from connectors.sql import SqlDestination
from connectors.sql.sqlite import listed, quoted
from syncline import Changeset, DataModel, Rejection, Target
from syncline.testing.destination import request


def ask(url: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of an answer, if there is one; what is changed stays."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def loaded(destination: SqlDestination, changes: Changeset, **settings: Any) -> list[Rejection]:
    """Prepare and load these changes."""
    asked = replace(request(changes), **settings)
    destination.prepare(changes.model, asked.target)
    return destination.load(asked)


def rows(url: str, model: DataModel, target: Target) -> pa.Table:
    """The rows that are there, but for those that are marked as deleted."""
    alive = "WHERE _deleted_at IS NULL" if target.on_delete == "soft" else ""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        found = connection.execute(f"SELECT {listed(model.schema.names)} FROM {quoted(target.table)} {alive}")
        columns = list(zip(*found.fetchall(), strict=True)) or [() for _ in model.schema]
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, model.schema, strict=True)], schema=model.schema
    )
