"""SQLite as a destination, by Python's own driver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectors.sql import sqlite, sqlite_table
from connectors.sql.loading import load
from connectors.sql.sqlite_writer import SqliteWriter
from syncline import DataModel, Load, Rejection, Target


@dataclass(frozen=True, slots=True)
class SqliteEnd:
    """One SQLite file that is loaded."""

    path: Path

    def check(self) -> None:
        """See that it can be written; it is not made yet."""
        sqlite.look(self.path, write=True)
        if self.path.exists():
            with sqlite.opened(self.path, write=True) as connection, sqlite.transaction(connection):
                connection.execute("SELECT count(*) FROM sqlite_schema")

    def prepare(self, model: DataModel, target: Target) -> list[str]:
        """Make the table, or add the columns it lacks; where something is wrong with it, tell that instead."""
        wrong = self.problems(model, target)
        if wrong:
            return wrong
        with sqlite.opened(self.path, write=True) as connection:
            sqlite_table.prepare(connection, model, target)
        return []

    def problems(self, model: DataModel, target: Target) -> list[str]:
        """What is wrong with the table that is there."""
        sqlite_table.check_names(model)
        if not self.path.exists():
            return []
        with sqlite.opened(self.path, write=True) as connection:  # only so is undone what a killed load left half done
            return list(sqlite_table.problems(connection, model, target))

    def load(self, request: Load) -> list[Rejection]:
        """Apply the plan in one transaction."""
        with sqlite.opened(self.path, write=True) as connection, sqlite.transaction(connection):
            return load(SqliteWriter(connection, request), request)

    def holds(self, target: Target, scope: str, plan: str) -> bool:
        """Whether the table is there, and this plan is the last of the scope."""
        sqlite.look(self.path, write=True)
        if not self.path.exists():
            return False
        with sqlite.opened(self.path, write=True) as connection:  # as in `problems`
            return sqlite_table.holds(connection, target, scope, plan)
