"""Makes rows by a projection, in the engine: all at once, and only where that fails row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from syncline.changes import OP, PART, physical
from syncline.engine import Engine
from syncline.errors import DataError
from syncline.model import DataModel, Rejection
from syncline.statement import listed
from syncline.transform.expression import engine_message
from syncline.transform.projection import Projection
from syncline.transform.whole import WHOLE

MOST_REJECTED = 100_000
MOST_TOLD = 1_000
"""So many rows are asked why they cannot be made."""
NOT_TOLD = "it cannot be made; look at what is said of other rows"
_FAILED = "_failed"


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: how many rows, and the rows of the source of which nothing was, with the reason."""

    rows: int
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Making:
    """Rows of a query made into others by a projection.

    Args:
        query: rows with c0, c1, … of the projection's source, the key at the source, and `_part`.
        key: the columns of the query that name the row at the source, in the order of `source.key`; empty: rows are
            made of all rows together.
        source: what a row is at the source.
        made: what a row is that is made.
    """

    engine: Engine
    query: str
    projection: Projection
    key: Sequence[str]
    source: DataModel
    made: DataModel

    def write(self, path: Path) -> Made:
        """Write the rows that are made to a Parquet file.

        Raises:
            DataError: a row cannot be made and nobody knows which, or there are too many of them.
        """
        try:
            self.engine.write(self._at_once(), path)
        except DataError as error:
            return self._each(path, error)
        if _empty_keys(path, self.made):
            return self._each(path, None)
        return Made(_rows(path))

    def _at_once(self) -> str:
        made = [f"{field.sql} AS m{at}" for at, field in enumerate(self.projection.fields)]
        if not self.key:
            grouped = " GROUP BY ALL" if self.projection.aggregates else ""
            rows = f"SELECT {listed(made)} FROM ({self.query}) WHERE {self.projection.condition}{grouped}"
            return f"SELECT {listed(self._named('m'))}, '' AS {PART}, 'insert' AS {OP} FROM ({rows})"
        inner = listed([*made, *self._kept_key(), PART])
        rows = f"SELECT {inner} FROM ({self.query}) WHERE {self.projection.condition}"
        return f"SELECT {listed([*self._named('m'), *self._named_key(), PART])}, 'insert' AS {OP} FROM ({rows})"

    def _named(self, before: str) -> list[str]:
        return [f"{before}{at} AS {physical(at)}" for at in range(len(self.projection.fields))]

    def _kept_key(self) -> list[str]:
        return [f"{column} AS k{at}" for at, column in enumerate(self.key)]

    def _key_names(self) -> list[str]:
        return [f"k{at}" for at in range(len(self.key))]

    def _named_key(self) -> list[str]:
        first = len(self.projection.fields)
        return [f"k{at} AS {physical(first + at)}" for at in range(len(self.key))]

    def _each(self, path: Path, error: DataError | None) -> Made:
        """Make the rows that can be made, and find out about the others."""
        if not self.key:
            reason = engine_message(error, self.projection.source.names) if error else "a key is empty"
            raise DataError(f"model {self.source.name}: {reason}", hint=WHOLE) from error
        rejections = self.failures()
        if not rejections and error:
            raise error
        shown = listed([*self._named("_m.m"), *self._named_key(), PART])
        failed = f"ANTI JOIN {_FAILED} USING ({listed(self._key_names())})"  # of one row all that is made, or nothing
        good = f"SELECT * FROM ({self._tried()}) WHERE _w.w AND _m IS NOT NULL"
        self.engine.write(f"SELECT {shown}, 'insert' AS {OP} FROM ({good}) AS good {failed}", path)
        return Made(_rows(path), rejections)

    def kept(self) -> str:
        """The rows of the query that the filter leaves; if there is one, without those for which it fails."""
        if self.projection.filter is None:
            return self.query
        return f"SELECT * FROM ({self.query}) WHERE coalesce(TRY({self.projection.condition}), false)"

    def failures(self) -> tuple[Rejection, ...]:
        """The rows of the source that cannot be made, with the reasons.

        Raises:
            DataError: there are too many.
        """
        first = f"QUALIFY row_number() OVER (PARTITION BY {listed(self._key_names())}) = 1"
        failed = f"SELECT * EXCLUDE (_w, _m) FROM ({self._tried()}) WHERE {self._is_failure()} {first}"
        numbered = f"SELECT *, row_number() OVER () AS _n FROM ({failed}) LIMIT {MOST_REJECTED + 1}"
        self.engine.run(f"CREATE OR REPLACE TEMP TABLE {_FAILED} AS {numbered}")
        if self.engine.number(f"SELECT count(*) FROM {_FAILED}") > MOST_REJECTED:
            raise DataError(f"model {self.source.name}: more than {MOST_REJECTED:,} rows cannot be made")
        return tuple(self._rejections())

    def _tried(self) -> str:
        """The rows of the query with `_w`, the condition, and `_m`, what is made; NULL where that raises an error."""
        values = listed([f"m{at} := {field.sql}" for at, field in enumerate(self.projection.fields)])
        condition = f"TRY(struct_pack(w := {self.projection.condition})) AS _w"
        made = f"CASE WHEN _w.w THEN TRY(struct_pack({values})) END AS _m"
        shown = listed([*(physical(at) for at in range(len(self.projection.source))), *self._kept_key(), PART])
        return f"SELECT *, {made} FROM (SELECT {shown}, {condition} FROM ({self.query}))"

    def _is_failure(self) -> str:
        keys = [f"_m.m{self.made.schema.get_field_index(column)} IS NULL" for column in self.made.key]
        return f"(_w IS NULL OR (_w.w AND (_m IS NULL OR {listed(keys, ' OR ')})))"

    def _rejections(self) -> Iterator[Rejection]:
        names = self._key_names()
        table = self.engine.table(f"SELECT {listed(names)}, _n FROM {_FAILED} ORDER BY _n")
        keys = table.select(names).rename_columns(list(self.source.key)).cast(self.source.key_schema).to_pylist()
        for key, number in zip(keys, table.column("_n").to_pylist(), strict=True):
            yield Rejection(key, self._reason(number) if number <= MOST_TOLD else NOT_TOLD)

    def _reason(self, number: int) -> str:
        """Why the row of this number cannot be made: the engine's own words, for each column."""
        if wrong := self._wrong(self.projection.condition, number):
            return f"`filter`: {wrong}"
        found = {field.name: self._wrong(field.sql, number) for field in self.projection.fields}
        reasons = [f"`{name}`: {wrong}" for name, wrong in found.items() if wrong]
        return "; ".join(reasons) or f"the key {listed([f'`{column}`' for column in self.made.key])} is empty"

    def _wrong(self, sql: str, number: int) -> str:
        """What the engine says against a value of one row; empty: nothing."""
        try:
            self.engine.rows(f"SELECT {sql} FROM {_FAILED} WHERE _n = {number}")
        except DataError as error:
            return engine_message(error, self.projection.source.names)
        return ""


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where rows are made

    return int(pq.read_metadata(path).num_rows)


def _empty_keys(path: Path, made: DataModel) -> bool:
    """Some row has no key; the file says so by itself."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    metadata = pq.read_metadata(path)
    at = [made.schema.get_field_index(column) for column in made.key]
    groups = range(metadata.num_row_groups)
    return any(metadata.row_group(group).column(column).statistics.null_count for group in groups for column in at)
