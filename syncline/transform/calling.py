"""Calls a function batch by batch, and knows of each row that it gives which row of the source it was made of (R14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from syncline.changes import BATCH_ROWS, OP, PART, physical
from syncline.conform import Conformed, conform
from syncline.errors import ConfigError, DataError
from syncline.model import DataModel, Rejection, as_table
from syncline.transform.batch import Batch
from syncline.transform.function import Function, Given, Raised

MOST_RAISED = 1_000
"""For so many rows the function is called alone; a function that raises more often is wrong itself."""
KEEP = "keep the key's columns as they are, or say `transform: {scope: model}` for rows made of all rows together"
"""What to do where it is not known which row became what (R14)."""


@dataclass(slots=True)
class Calling:
    """A function that makes rows of rows; what came of each source row is taken whole or not at all.

    Args:
        model: what a row is at the source.
        given: the columns that the function gives, with the key of the source.
        key: columns of these that must not be empty, for they name the rows made.
    """

    function: Function
    model: DataModel
    given: DataModel
    key: Sequence[str]
    rejections: list[Rejection] = field(default_factory=list)
    raised: int = 0

    def write(self, batches: Iterable[pa.RecordBatch], path: Path) -> int:
        """Write what becomes of rows at rest: the columns given, the key of the source row, `_part` and `_op`."""
        schema, rows = self._schema(), 0
        with pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=1, use_dictionary=[PART, OP]
        ) as writer:
            for batch in batches:
                made = pa.concat_tables([schema.empty_table(), *self._made(Batch.of(self.model, batch))])
                writer.write_table(made.cast(schema), row_group_size=BATCH_ROWS)
                rows += len(made)
        return rows

    def _schema(self) -> pa.Schema:
        kinds = [*self.given.schema.types, *self.model.key_schema.types]
        fields = [pa.field(physical(at), kind) for at, kind in enumerate(kinds)]
        return pa.schema([*fields, pa.field(PART, pa.string()), pa.field(OP, pa.string())])

    def _made(self, rows: Batch) -> Iterator[pa.Table]:
        """What is made of a batch; where the function raises, of its halves, until the row in the way is alone."""
        waiting = [rows]
        while waiting:
            batch = waiting.pop()
            try:
                given = self.function(batch.rows)
            except Raised as raised:
                waiting += self._halves(batch, raised)
            else:
                yield self._attributed(given, batch)

    def _halves(self, batch: Batch, raised: Raised) -> list[Batch]:
        if len(batch) > 1:
            return batch.halves()
        self.raised += 1
        if self.raised > MOST_RAISED or not len(batch):
            message = f"model {self.model.name}: `{self.function.name}` fails too often"
            raise DataError(f"{message}: {raised}") from raised
        self.rejections.append(Rejection(batch.key(0), str(raised)))
        return []

    def _attributed(self, given: Given, batch: Batch) -> pa.Table:
        """The rows given as they lie at rest, without those of source rows that are rejected."""
        fitted = self._fitted(given)
        for one in fitted.rejected:
            if one.key is None or len(one.key) < len(self.model.key):
                raise self._stranger(f"a row whose key cannot be read ({one.reason})")
        refused = as_table([one.key for one in fitted.rejected if one.key], self.model.key_schema)
        reasons = [one.reason for one in fitted.rejected]
        bad: dict[int, str] = dict(zip(self._origin(refused, batch).to_pylist(), reasons, strict=True))
        origin = self._origin(fitted.rows.select(list(self.model.key)), batch)
        for column in self.key:
            empty = fitted.rows.column(column).is_null()
            bad |= dict.fromkeys(origin.filter(empty).to_pylist(), f"the key `{column}` is empty")
        self.rejections += [Rejection(batch.key(row), reason) for row, reason in sorted(bad.items())]
        kept = pc.invert(pc.is_in(origin, pa.array(list(bad), pa.int64())))
        rows = fitted.rows.filter(kept)
        columns = [*rows.columns, *batch.origins(origin.filter(kept)), pa.repeat("insert", len(rows))]
        return pa.table(columns, schema=self._schema())

    def _fitted(self, given: Given) -> Conformed:
        names = list(given) if isinstance(given, dict) else given.schema.names
        if missing := [column for column in self.model.key if column not in names]:
            raise DataError(f"model {self.model.name}: {not_kept(self.function.name, missing[0], names)}", hint=KEEP)
        try:
            return conform(given, self.given)
        except ConfigError as error:
            raise DataError(f"`{self.function.name}`: {error.message}", hint=error.hint) from error

    def _origin(self, keys: pa.Table, batch: Batch) -> pa.Array:
        """Which row of the batch each of these keys names."""
        found = batch.find(keys)
        if found.null_count:
            stranger = keys.filter(found.is_null()).slice(0, 1).to_pylist()[0]
            raise self._stranger(f"a row with the key {', '.join(f'{value!r}' for value in stranger.values())}")
        return found

    def _stranger(self, what: str) -> DataError:
        message = f"model {self.model.name}: `{self.function.name}` gave {what}, which it was not given"
        return DataError(message, hint=KEEP)


def not_kept(function: str, column: str, names: Sequence[str]) -> str:
    """That a function loses the key, in words."""
    return f"`{function}` does not keep the key `{column}`; it gives {', '.join(names)}"
