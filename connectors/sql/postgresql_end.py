"""PostgreSQL as a destination, by its own driver."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.sql import postgresql_table
from connectors.sql.loading import once
from connectors.sql.postgresql import connected, transaction
from connectors.sql.postgresql_writer import PostgresqlWriter
from syncline import DataModel, Load, Rejection, Target


@dataclass(frozen=True, slots=True)
class PostgresqlEnd:
    """One database of PostgreSQL that is loaded."""

    url: str
    schema: str | None

    def check(self) -> None:
        """Reach it, and see that it can be written."""
        with connected(self.url) as connection, transaction(connection):
            postgresql_table.schema_of(connection, self.schema)

    def prepare(self, model: DataModel, target: Target) -> list[str]:
        """Make the table, or add the columns it lacks; where something is wrong with it, tell that instead."""
        with connected(self.url) as connection:
            wrong = list(postgresql_table.problems(connection, self.schema, model, target))
            if not wrong:
                postgresql_table.prepare(connection, self.schema, model, target)
            return wrong

    def problems(self, model: DataModel, target: Target) -> list[str]:
        """What is wrong with the table that is there."""
        with connected(self.url) as connection:
            return list(postgresql_table.problems(connection, self.schema, model, target))

    def load(self, request: Load) -> list[Rejection]:
        """Apply the plan in one transaction."""
        with connected(self.url) as connection, transaction(connection):
            schema = postgresql_table.schema_of(connection, self.schema)
            writer = PostgresqlWriter(connection, request, schema)
            return once(writer, request, writer.apply)

    def holds(self, target: Target, scope: str, plan: str) -> bool:
        """Whether the table is there, and this plan is the last of the scope."""
        with connected(self.url) as connection, transaction(connection):
            schema = postgresql_table.schema_of(connection, self.schema)
            return postgresql_table.holds(connection, schema, target.table, scope, plan)
