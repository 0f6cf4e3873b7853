"""Rows on their way into PostgreSQL: copied in binary to where they are wanted, or first to a table of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.sql.loading import check_count
from connectors.sql.postgresql import Connection, codec
from connectors.sql.postgresql_form import declared, encoded, formless

COPY_ROWS = 16_384
PLACE = "n"
Reasons = dict[int, str]


def staged(index: int) -> str:
    """The name of a column of a stage; a model's own names may be anything."""
    return f"c{index}"


def copied(connection: Connection, into: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Copy rows; how many the table took, for a trigger may leave some out."""
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {into} FROM STDIN (FORMAT binary)") as copy:
            for piece in encoded(batches, schema):
                copy.write(piece)
        return cursor.rowcount


def told(batches: Iterable[pa.RecordBatch], progress: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    """The batches, each told of when it has gone out."""
    for batch in batches:
        yield batch
        progress(batch.num_rows)


@dataclass(slots=True)
class Stage:
    """A table of the session that the transaction takes away; each row bears its place among those sent.

    Args:
        connection: in a transaction.
        name: its name.
        schema: the columns of the rows.
        total: how many rows were sent.
        formless: place -> why the row has no form in PostgreSQL, so that it was left out.
    """

    connection: Connection
    name: str
    schema: pa.Schema
    total: int = 0
    formless: Reasons = field(default_factory=dict)
    is_indexed: bool = False

    @property
    def table(self) -> str:
        """The table as SQL takes it."""
        return f"pg_temp.{self.name}"

    def fill(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Make it and copy the rows to it.

        Raises:
            DataError: too many rows have no form in PostgreSQL.
        """
        at_rest = self._at_rest()
        columns = ", ".join(f"{column.name} {declared(column.type)}" for column in at_rest)
        self.connection.execute(f"CREATE TEMPORARY TABLE {self.name} ({columns}) ON COMMIT DROP")
        copied(self.connection, self.table, self._placed(batches, at_rest), at_rest)

    def index(self) -> None:
        """Have places found quickly, once single ones are looked for."""
        if not self.is_indexed:
            self.connection.execute(f"CREATE INDEX IF NOT EXISTS {self.name}_{PLACE} ON {self.table} ({PLACE})")
            self.connection.execute(f"ANALYZE {self.table}")
            self.is_indexed = True

    def only(self, places: Sequence[int]) -> str:
        """The condition for rows at these places."""
        if len(places) == self.total:
            return "true"
        if isinstance(places, range):
            return f"s.{PLACE} BETWEEN {places[0]} AND {places[-1]}"
        return f"s.{PLACE} IN ({', '.join(map(str, places))})"

    def count(self, places: Sequence[int]) -> int:
        """How many rows are at these places."""
        among = places if isinstance(places, range) else set(places)
        return len(places) - sum(place in among for place in self.formless)

    def _at_rest(self) -> pa.Schema:
        names = [pa.field(staged(index), column.type) for index, column in enumerate(self.schema)]
        return pa.schema([pa.field(PLACE, pa.int64()), *names])

    def _placed(self, batches: Iterable[pa.RecordBatch], at_rest: pa.Schema) -> Iterator[pa.RecordBatch]:
        encoding = codec(self.connection)
        for batch in batches:
            places = pa.arange(self.total, self.total + batch.num_rows)
            rows = pa.RecordBatch.from_arrays([places, *batch.columns], schema=at_rest)
            if bad := formless(batch, encoding):
                self.formless |= {self.total + row: why for row, why in bad.items()}
                check_count(len(self.formless), next(iter(bad.values())))
                rows = rows.filter(pa.array([row not in bad for row in range(batch.num_rows)]))
            self.total += batch.num_rows
            yield rows
