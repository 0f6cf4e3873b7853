"""Any database as a destination, through SQLAlchemy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn

from connectors.sql.alchemy import connected, is_missing_file
from connectors.sql.alchemy_writer import AlchemyWriter, model_table, plan_table
from connectors.sql.loading import load
from connectors.sql.reading import PLAN_TABLE
from connectors.sql.sqlite_table import check_names, key_columns
from syncline import DataModel, Load, Rejection, Target

_TELL_CASE = ("postgresql", "oracle")


@dataclass(frozen=True)
class AlchemyEnd:
    """One database that is loaded."""

    url: str
    schema: str | None

    def check(self) -> None:
        """Reach it; a file of SQLite is not made yet."""
        if is_missing_file(self.url):
            return
        with connected(self.url) as connection:
            connection.execute(sa.select(1))

    def prepare(self, model: DataModel, target: Target) -> list[str]:
        """Make the table, or add the columns it lacks; where something is wrong with it, tell that instead."""
        wrong = self.problems(model, target)
        if wrong:
            return wrong
        with connected(self.url) as connection, connection.begin():
            catalogue = sa.inspect(connection)
            if not catalogue.has_table(PLAN_TABLE, self.schema):
                plan_table(self.schema).create(connection)
            table = model_table(model, target, self.schema, connection.dialect.name)
            if not catalogue.has_table(target.table, self.schema):
                table.create(connection)
                return []
            there = {column["name"] for column in catalogue.get_columns(target.table, self.schema)}
            for column in table.columns:
                if column.name not in there:
                    _add(connection, table, column)
        return []

    def problems(self, model: DataModel, target: Target) -> list[str]:
        """A table without a unique index on the key (R22)."""
        if is_missing_file(self.url):
            check_names(model)
            return []
        with connected(self.url) as connection:
            check_names(model, tells_case=connection.dialect.name in _TELL_CASE)
            catalogue = sa.inspect(connection)
            if not catalogue.has_table(target.table, self.schema):
                return []
            keys = [catalogue.get_pk_constraint(target.table, self.schema)["constrained_columns"]]
            keys += [one["column_names"] for one in catalogue.get_unique_constraints(target.table, self.schema)]
            keys += [
                [str(name) for name in one["column_names"]]
                for one in catalogue.get_indexes(target.table, self.schema)
                if one["unique"]
            ]
        key = key_columns(model, target)
        if any(set(names) == set(key) for names in keys):
            return []
        return [f"table `{target.table}` has no unique index on the key ({', '.join(key)}): create one"]

    def load(self, request: Load) -> list[Rejection]:
        """Apply the plan in one transaction."""
        with connected(self.url) as connection, connection.begin():
            return load(AlchemyWriter(connection, request, self.schema), request)

    def holds(self, target: Target, scope: str, plan: str) -> bool:
        """Whether the table is there, and this plan is the last of the scope."""
        if is_missing_file(self.url):
            return False
        with connected(self.url, snapshot=True) as connection, connection.begin():
            catalogue = sa.inspect(connection)
            if not all(catalogue.has_table(name, self.schema) for name in (target.table, PLAN_TABLE)):
                return False
            plans = plan_table(self.schema)
            mine = sa.select(plans.c.plan).where(plans.c.scope == scope)
            return connection.execute(mine).scalar() == plan


def _add(connection: sa.Connection, table: sa.Table, column: sa.Column[Any]) -> None:
    """A column more, empty in the rows that are there."""
    name = connection.dialect.identifier_preparer.format_table(table)
    declaration = CreateColumn(column).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {declaration}")
