"""The statements that bring the rows of a stage into their table (R12, R22)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from psycopg import sql

from connectors.sql.loading import CONNECTION, DELETED_AT
from connectors.sql.postgresql import Connection
from connectors.sql.postgresql_form import declared, fit
from connectors.sql.postgresql_stage import Stage, staged
from connectors.sql.postgresql_table import Table, qualified
from connectors.sql.sqlite import listed, quoted
from connectors.sql.sqlite_table import key_columns
from syncline import Load


class Statements:
    """What is said to one table, `t`, about the rows of a stage, `s`.

    Args:
        connection: to quote values for.
        request: what is loaded.
        schema: where the table is.
        there: the table as it is.
    """

    def __init__(self, connection: Connection, request: Load, schema: str, there: Table) -> None:
        self.model, self.target, self.there = request.model, request.target, there
        self.name = qualified(schema, request.target.table)
        self.key = key_columns(request.model, request.target)
        self.at = sql.Literal(request.at).as_string(connection)
        owner = sql.Literal(request.scope.rpartition("/")[0]).as_string(connection)
        self.shared = {CONNECTION: owner} if request.target.shared else {}
        self.fits = {
            column.name: fit(column.type, there.columns[column.name].plain, is_key=column.name in self.key)
            for column in request.model.schema
        }

    @property
    def is_straight(self) -> bool:
        """Whether the table takes the columns just as they come."""
        return not self.shared and set(self.fits.values()) == {"same"}

    @property
    def columns(self) -> str:
        """The table and its columns as COPY takes them."""
        return f"{self.name} ({listed(self.model.schema.names)})"

    def upsert(self, stage: Stage, only: str) -> str:
        """Insert rows, or update those with their key; that takes a soft mark away, in a table that has such."""
        values = {name: self._cast(place, name) for place, name in enumerate(self.model.schema.names)} | self.shared
        kept = [name for name in values if name not in self.key] or list(self.key)
        changes = [f"{quoted(name)} = excluded.{quoted(name)}" for name in kept]
        if DELETED_AT in self.there.columns:
            changes.append(f"{DELETED_AT} = NULL")
        return (
            f"INSERT INTO {self.name} ({listed(values)}) OVERRIDING SYSTEM VALUE "
            f"SELECT {', '.join(values.values())} FROM {stage.table} AS s WHERE {only} "
            f"ON CONFLICT ({listed(self.key)}) DO UPDATE SET {', '.join(changes)}"
        )

    def delete(self, stage: Stage, only: str) -> str:
        """Delete the rows with these keys, or mark them."""
        if self.target.on_delete == "soft":
            change = f"UPDATE {self.name} AS t SET {DELETED_AT} = {self.at} FROM"
        else:
            change = f"DELETE FROM {self.name} AS t USING"
        return f"{change} {stage.table} AS s WHERE {self._same_key} AND {only}"

    def left(self, stage: Stage, only: str) -> str:
        """Asks for one of these rows that is still there, or not marked."""
        unmarked = f" AND t.{DELETED_AT} IS NULL" if self.target.on_delete == "soft" else ""
        rows = f"{self.name} AS t JOIN {stage.table} AS s ON {self._same_key}"
        return f"SELECT 1 FROM {rows} WHERE {only}{unmarked} LIMIT 1"

    @property
    def _same_key(self) -> str:
        values = {name: self._cast(place, name) for place, name in enumerate(self.model.key)} | self.shared
        return " AND ".join(f"t.{quoted(name)} = {value}" for name, value in values.items())

    def changed(self, stage: Stage, only: str) -> str:
        """Asks for a reason why the table would make something else of a row; empty where it cannot."""
        if not self._changes:
            return ""
        reasons = f"SELECT CASE {' '.join(self._changes)} END FROM {stage.table} AS s WHERE {only}"
        return f"SELECT why FROM ({reasons}) AS f (why) WHERE why IS NOT NULL LIMIT 1"

    @cached_property
    def _changes(self) -> tuple[str, ...]:
        return tuple(self._told_changes())

    def _told_changes(self) -> Iterator[str]:
        for place, column in enumerate(self.model.schema):
            if self.fits[column.name] == "checked":
                kind = self.there.columns[column.name].kind
                back = f"CAST({self._cast(place, column.name)} AS {declared(column.type)})"
                why = f"`{column.name}` would not stay as it is in a column of type {kind}"
                yield f"WHEN {back} IS DISTINCT FROM s.{staged(place)} THEN {sql.Literal(why).as_string()}"

    def _cast(self, place: int, name: str) -> str:
        value = f"s.{staged(place)}"
        return value if self.fits[name] == "same" else f"CAST({value} AS {self.there.columns[name].kind})"
