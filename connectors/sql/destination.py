"""A SQL database as a destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from connectors.sql import address
from connectors.sql.sqlite_end import SqliteEnd
from syncline import ConfigError, DataModel, Destination, Load, Rejection, Target


class End(Protocol):
    """A database that is loaded, by whichever driver."""

    def check(self) -> None:
        """Reach it and see that it can be written, without changing it."""

    def prepare(self, model: DataModel, target: Target) -> list[str]:
        """Make the table, or add the columns it lacks; where something is wrong with it, tell that instead."""

    def problems(self, model: DataModel, target: Target) -> list[str]:
        """What is wrong with the table that is there."""

    def load(self, request: Load) -> list[Rejection]:
        """Apply the plan in one transaction."""

    def holds(self, target: Target, scope: str, plan: str) -> bool:
        """Whether the table is there, and this plan is the last of the scope."""


@dataclass(frozen=True)
class SqlDestination(Destination):
    """Tables of a SQL database, made where they are not there; each plan is one transaction and noted in it (R20).

    Foreign keys are enforced. In SQLite decimals and times are kept as text, exactly (see `sqlite_form`).

    Args:
        url: its address as SQLAlchemy takes it: `sqlite:///shop.db`, `postgresql+psycopg://host/shop`.
        schema: where the tables are; None: where the database looks by itself.
    """

    url: str
    schema: str | None = None
    idempotent = "plan"
    is_remote = True

    def identity(self) -> str:
        """Which database this is, whoever logs in."""
        return address.identity(self.url, self.schema)

    def check(self) -> None:
        """Reach the database and see that it may be written; one of SQLite is not made yet."""
        self._end().check()

    def prepare(self, model: DataModel, target: Target) -> None:
        """Make the table, or add the columns it lacks; one that is right is not touched.

        Raises:
            ConfigError: the table that is there cannot hold the model.
        """
        if wrong := self._end().prepare(model, target):
            raise ConfigError(f"model {model.name}: {wrong[0]}")  # Invariant 8

    def problems(self, model: DataModel, target: Target) -> list[str]:
        """A key without a unique index (R22), columns that would change values, names that collide."""
        try:
            return self._end().problems(model, target)
        except ConfigError as error:
            return [str(error)]

    def load(self, request: Load) -> list[Rejection]:
        """Apply the plan in one transaction, or do nothing if it has been (R20).

        Raises:
            LeaseLost: a plan with a higher fence has been here (R21).
            DataError: more than 10,000 rows are refused; nothing was loaded.
        """
        return self._end().load(request)

    def holds(self, model: DataModel, target: Target, scope: str, plan: str) -> bool | None:
        """Whether the table is there, and this plan is the last that was loaded of the scope; nothing is made.

        Raises:
            ConfigError, TransientError: the database cannot be reached, as in `check`.
        """
        del model
        return self._end().holds(target, scope, plan)

    def _end(self) -> End:
        path = address.sqlite_file(self.url)
        if path is None and address.for_libpq(self.url):
            from connectors.sql.postgresql_end import PostgresqlEnd  # noqa: PLC0415 - its driver takes time to start

            return PostgresqlEnd(self.url, self.schema)
        if path is None:
            from connectors.sql.alchemy_end import AlchemyEnd  # noqa: PLC0415 - SQLite does without SQLAlchemy

            return AlchemyEnd(self.url, self.schema)
        if self.schema not in (None, "main"):
            raise ConfigError(f"SQLite has no schema `{self.schema}`", hint="leave `schema:` out")
        return SqliteEnd(path)
