"""Writing any database through SQLAlchemy, with nothing but plain SELECT, INSERT, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import exc

from connectors.sql import sqlite_form
from connectors.sql.alchemy import column_type, reason
from connectors.sql.loading import CONNECTION, DELETED_AT, Refused, Row, Stored
from connectors.sql.reading import PLAN_TABLE
from connectors.sql.sqlite_table import key_columns
from connectors.sql.sqlite_writer import sqlite_at
from syncline import DataModel, Load, Target

_KEYS_AT_A_TIME = 200
_REFUSALS = (exc.IntegrityError, exc.DataError, exc.InternalError, exc.StatementError)
_FAILURES = (exc.OperationalError, exc.InterfaceError, exc.ProgrammingError)


class AlchemyWriter:
    """A database in a write transaction."""

    def __init__(self, connection: sa.Connection, request: Load, schema: str | None) -> None:
        self.connection = connection
        self.request = request
        self.is_sqlite = connection.dialect.name == "sqlite"
        self.plans = plan_table(schema)
        self.table = model_table(request.model, request.target, schema, connection.dialect.name)
        there = sa.inspect(connection).get_columns(request.target.table, schema)
        if DELETED_AT not in self.table.c and any(column["name"] == DELETED_AT for column in there):
            self.table.append_column(sa.Column(DELETED_AT))  # rows were deleted softly once
        self.key = key_columns(request.model, request.target)
        self.names = request.model.schema.names
        self.shared = {CONNECTION: request.scope.rpartition("/")[0]} if request.target.shared else {}

    def stored(self) -> Stored | None:
        """What the last load of the scope left; its row is locked, and made if need be, against others (R21)."""
        columns = (self.plans.c.fence, self.plans.c.plan, self.plans.c.rejected)
        mine = sa.select(*columns).where(self.plans.c.scope == self.request.scope).with_for_update()
        if (row := self.connection.execute(mine).first()) is None:
            try:
                with self.connection.begin_nested():
                    self.connection.execute(self.plans.insert(), self._noted(Stored(-1, "", "[]")))
            except exc.IntegrityError:
                row = self.connection.execute(mine).first()  # another worker was quicker, and is done now
        return Stored(*row) if row is not None else None

    def note(self, stored: Stored) -> None:
        """Put that down, in this very transaction."""
        mine = self.plans.update().where(self.plans.c.scope == self.request.scope)
        self.connection.execute(mine.values(self._noted(stored)))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """All of what happens within, or nothing of it; the transaction goes on."""
        with self.connection.begin_nested():
            yield

    def encoded(self, rows: pa.RecordBatch) -> tuple[list[Row], dict[int, str]]:
        """Rows as Python values, in SQLite in its forms."""
        if not self.is_sqlite:
            values = [sqlite_form.within_years(column).to_pylist() for column in rows.columns]
            return list(zip(*values, strict=True)), sqlite_form.beyond_years(rows)
        columns = [sqlite_form.stored(column) for column in rows.columns]
        return list(zip(*columns, strict=True)), sqlite_form.formless(rows)

    def upsert(self, rows: Sequence[Row]) -> None:
        """Insert or update rows."""
        values = [{**dict(zip(self.names, row, strict=True)), **self.shared} for row in rows]
        with _refusals():
            there = self._there(values)
            fresh = [row for row in values if self._named(row) not in there]
            known = [row for row in values if self._named(row) in there]
            if fresh and self._fell_short(self.table.insert(), fresh):
                raise Refused("a trigger left the row out")
            if known:
                self._update(known)

    def delete(self, rows: Sequence[Row]) -> None:
        """Delete or mark the rows with these keys; those that are gone are done."""
        keys = [{**dict(zip(self.request.model.key, row, strict=True)), **self.shared} for row in rows]
        bound = [{f"key_{place}": row[name] for place, name in enumerate(self.key)} for row in keys]
        statement: sa.Delete | sa.Update = self.table.delete().where(self._same_key())
        if self.request.target.on_delete == "soft":
            at = sqlite_at(self.request.at) if self.is_sqlite else self.request.at
            statement = self.table.update().where(self._same_key()).values({DELETED_AT: at})
        with _refusals():
            if self._fell_short(statement, bound) and self._there(keys, self._unmarked()):
                raise Refused("a trigger kept the row from being deleted")

    def _update(self, rows: Sequence[dict[str, Any]]) -> None:
        kept = [name for name in self.names if name not in self.key]
        changes: dict[str, Any] = {
            name: sa.bindparam(f"new_{place}", type_=self.table.c[name].type) for place, name in enumerate(kept)
        }
        if DELETED_AT in self.table.c:
            changes[DELETED_AT] = sa.null()
        if not changes:
            return
        bound = [
            {f"new_{place}": row[name] for place, name in enumerate(kept)}
            | {f"key_{place}": row[name] for place, name in enumerate(self.key)}
            for row in rows
        ]
        if self._fell_short(self.table.update().where(self._same_key()).values(changes), bound):
            raise Refused("a trigger left the row out")

    def _fell_short(self, statement: sa.UpdateBase, rows: Sequence[dict[str, Any]]) -> bool:
        """Write; whether fewer rows were touched than there are, as far as the driver counts them."""
        result = self.connection.execute(statement, rows, execution_options={"preserve_rowcount": True})
        counts = result.supports_sane_multi_rowcount() if len(rows) > 1 else result.supports_sane_rowcount()
        return counts and 0 <= result.rowcount < len(rows)

    def _unmarked(self) -> sa.ColumnElement[bool]:
        """What a deletion leaves behind only if something kept it from its work."""
        return self.table.c[DELETED_AT].is_(None) if self.request.target.on_delete == "soft" else sa.true()

    def _there(self, rows: Sequence[dict[str, Any]], such: sa.ColumnElement[bool] | None = None) -> set[Row]:
        """Which of these keys the table has, in rows such as these."""
        columns = [self.table.c[name] for name in self.key]
        found: set[Row] = set()
        for first in range(0, len(rows), _KEYS_AT_A_TIME):
            chunk = rows[first : first + _KEYS_AT_A_TIME]
            same = [sa.and_(*(column == row[column.name] for column in columns)) for row in chunk]
            asked = sa.select(*columns).where(sa.or_(*same), sa.true() if such is None else such)
            found.update(tuple(row) for row in self.connection.execute(asked))
        return found

    def _named(self, row: dict[str, Any]) -> Row:
        return tuple(row[name] for name in self.key)

    def _same_key(self) -> sa.ColumnElement[bool]:
        columns = [self.table.c[name] for name in self.key]
        return sa.and_(
            *(column == sa.bindparam(f"key_{place}", type_=column.type) for place, column in enumerate(columns))
        )

    def _noted(self, stored: Stored) -> dict[str, object]:
        now = datetime.now(UTC).isoformat(" ", "seconds")
        plan = {"fence": stored.fence, "plan": stored.plan, "rejected": stored.rejected}
        return {"scope": self.request.scope, **plan, "loaded_at": now}


def model_table(model: DataModel, target: Target, schema: str | None, dialect: str) -> sa.Table:
    """The table of a model as we would make it."""
    key = key_columns(model, target)
    columns = [(column.name, column.type) for column in model.schema]
    if target.shared:
        columns.append((CONNECTION, pa.string()))
    if target.on_delete == "soft":
        columns.append((DELETED_AT, pa.timestamp("us", tz="UTC")))
    made = [
        sa.Column(name, column_type(kind, dialect, key=name in key), nullable=name not in key, autoincrement=False)
        for name, kind in columns
    ]
    return sa.Table(target.table, sa.MetaData(), *made, sa.PrimaryKeyConstraint(*key), schema=schema)


def plan_table(schema: str | None) -> sa.Table:
    """Where the last plan of each scope is noted (R20, R21)."""
    return sa.Table(
        PLAN_TABLE,
        sa.MetaData(),
        sa.Column("scope", sa.String(255), primary_key=True),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("plan", sa.String(255), nullable=False),
        sa.Column("rejected", sa.Text, nullable=False),
        sa.Column("loaded_at", sa.String(40), nullable=False),
        schema=schema,
    )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except _FAILURES:
        raise
    except _REFUSALS as error:
        if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
            raise
        raise Refused(reason(error)) from error
