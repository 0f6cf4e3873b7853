"""Loading PostgreSQL: copied to a stage, and from there into the table by few statements (R19-R22)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import psycopg
import pyarrow as pa

from connectors.sql.loading import Refused, Stored, check_count, key_of, sift
from connectors.sql.postgresql import Connection, is_of_rows, reason
from connectors.sql.postgresql_stage import COPY_ROWS, Reasons, Stage, told
from connectors.sql.postgresql_statement import Statements
from connectors.sql.postgresql_straight import load_straight
from connectors.sql.postgresql_table import described, qualified
from connectors.sql.reading import PLAN_TABLE
from syncline import ConfigError, Load, Rejection


@dataclass(slots=True)
class _Operation:
    """One thing that is done with the rows of a stage, and which of them were refused: place -> why."""

    stage: Stage
    batches: Callable[[], Iterable[pa.RecordBatch]]
    say: Callable[[Stage, str], str]
    key: tuple[str, ...]
    is_upsert: bool = False
    refused: Reasons = field(default_factory=dict)

    def rejections(self) -> Iterator[Rejection]:
        """The refused rows by their keys, which are read from the changes once more."""
        reasons = self.stage.formless | self.refused
        first = 0
        for batch in self.batches() if reasons else ():
            here = sorted(place for place in reasons if first <= place < first + batch.num_rows)
            yield from (Rejection(key_of(batch, place - first, self.key), reasons[place]) for place in here)
            first += batch.num_rows


class PostgresqlWriter:
    """A PostgreSQL database in a write transaction."""

    def __init__(self, connection: Connection, request: Load, schema: str) -> None:
        self.connection = connection
        self.request = request
        self.plans = qualified(schema, PLAN_TABLE).replace("%", "%%")
        there = described(connection, schema, request.target.table)
        if there is None:
            raise ConfigError(f"there is no table `{request.target.table}`", hint="run again, which makes it")
        self.statements = Statements(connection, request, schema, there)

    def stored(self) -> Stored | None:
        """What the last load of the scope left; its row is locked, and made if need be, against others (R21).

        An earlier run that is still within its load, asleep perhaps, is thrown out: its lease has passed to us.
        """
        self._throw_out_earlier()
        first = f"INSERT INTO {self.plans} VALUES (%s, -1, '', '[]', '') ON CONFLICT DO NOTHING"
        self.connection.execute(first, [self.request.scope])
        mine = f"SELECT fence, plan, rejected FROM {self.plans} WHERE scope = %s FOR UPDATE"
        row = self.connection.execute(mine, [self.request.scope]).fetchone()
        return Stored(*row) if row else None

    def _throw_out_earlier(self) -> None:
        scope = f"syncline {sha256(self.request.scope.encode()).hexdigest()[:16]} "
        self.connection.execute("SELECT set_config('application_name', %s, true)", [f"{scope}{self.request.fence}"])
        self.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND usename = current_user AND CASE WHEN starts_with(application_name, %s) "
            "THEN substr(application_name, length(%s) + 1)::bigint < %s END",
            [scope, scope, self.request.fence],
        )

    def note(self, stored: Stored) -> None:
        """Put that down, in this very transaction."""
        now = datetime.now(UTC).isoformat(" ", "seconds")
        self.connection.execute(
            f"UPDATE {self.plans} SET fence = %s, plan = %s, rejected = %s, loaded_at = %s WHERE scope = %s",
            [stored.fence, stored.plan, stored.rejected, now, self.request.scope],
        )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """All of what happens within, or nothing of it; the transaction goes on."""
        try:
            with self.connection.transaction():
                yield
        except psycopg.Error as error:
            if is_of_rows(error):
                raise Refused(reason(error)) from error
            raise

    def apply(self) -> list[Rejection]:
        """Bring the changes in; the rows that are refused.

        Raises:
            DataError: too many are.
        """
        progress = _Tally(self.request.progress)
        if self._straight(progress):
            return []
        progress.restart()
        operations = self._operations()
        for operation in operations:
            operation.stage.fill(told(operation.batches(), progress))
        try:
            with self.savepoint():
                self._run(operations)
                self._look_at_all()
        except Refused:  # by a constraint that is looked at when all is done, so nobody knows whom it means
            self._look_at_all()
            self._run(operations)
        return [item for operation in operations for item in operation.rejections()]

    def _straight(self, progress: Callable[[int], None]) -> bool:
        try:
            with self.savepoint():
                done = load_straight(self.connection, self.request, self.statements, progress)
                self._look_at_all()
        except Refused:
            return False
        return done

    def _operations(self) -> tuple[_Operation, ...]:
        model, changes = self.request.model, self.request.changes
        deletes = Stage(self.connection, "_syncline_deletes", model.key_schema)
        upserts = Stage(self.connection, "_syncline_upserts", model.schema)
        put = _Operation(upserts, lambda: changes.upserts(COPY_ROWS), self.statements.upsert, model.key, is_upsert=True)
        if self.request.target.on_delete == "ignore":
            return (put,)
        return _Operation(deletes, lambda: changes.deletes(COPY_ROWS), self.statements.delete, model.key), put

    def _look_at_all(self) -> None:
        """Have constraints that may wait for the end looked at now, and from now on at once."""
        self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def _run(self, operations: Sequence[_Operation]) -> None:
        """Deletes, then upserts; then again those refused, for others may have come that they need."""
        for operation in operations:
            operation.refused = {}
            operation.stage.is_indexed = False
            self._try(operation, range(operation.stage.total))
        while before := _count(operations):
            for operation in operations:
                self._try(operation, sorted(operation.refused))
            if _count(operations) == before:
                return

    def _try(self, operation: _Operation, places: Sequence[int]) -> None:
        operation.refused = {}
        if not operation.stage.count(places):
            return
        for place, why in sift(lambda some: self._refusal(operation, some), places):
            operation.refused[place] = why
            check_count(len(operation.refused), why)

    def _refusal(self, operation: _Operation, places: Sequence[int]) -> str:
        try:
            with self.savepoint():
                self._attempt(operation, places)
        except Refused as refused:
            operation.stage.index()
            return str(refused) or "the database does not say why"
        return ""

    def _attempt(self, operation: _Operation, places: Sequence[int]) -> None:
        stage, only = operation.stage, operation.stage.only(places)
        question = self.statements.changed(stage, only) if operation.is_upsert else ""
        if question and (found := self.connection.execute(question).fetchone()):
            raise Refused(found[0])
        done = self.connection.execute(operation.say(stage, only)).rowcount
        if done == stage.count(places):
            return
        if operation.is_upsert:
            raise Refused("a trigger left the row out")
        if self.connection.execute(self.statements.left(stage, only)).fetchone():
            raise Refused("a trigger kept the row from being deleted")


class _Tally:
    """Rows told of once, although they may go out twice."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self.progress = progress
        self.now = self.most = 0

    def __call__(self, rows: int) -> None:
        self.now += rows
        if (more := self.now - self.most) > 0:
            self.most = self.now
            self.progress(more)

    def restart(self) -> None:
        self.now = 0


def _count(operations: Iterable[_Operation]) -> int:
    return sum(len(operation.refused) for operation in operations)
