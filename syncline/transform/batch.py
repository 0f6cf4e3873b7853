"""Rows of the source as a function is given them, and the way back from a key to its row."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from syncline.changes import physical
from syncline.model import DataModel


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of the source under the names of the model, and which part each came from."""

    model: DataModel
    rows: pa.Table
    parts: pa.ChunkedArray

    @classmethod
    def of(cls, model: DataModel, at_rest: pa.RecordBatch) -> Batch:
        """Rows at rest: the columns of the model, then the part."""
        *columns, parts = at_rest.columns
        arrays = [column.cast(field.type) for column, field in zip(columns, model.schema, strict=True)]
        return cls(model, pa.table(arrays, schema=model.schema), pa.chunked_array([parts.cast(pa.string())]))

    def __len__(self) -> int:
        return len(self.rows)

    def halves(self) -> list[Batch]:
        """The second, then the first."""
        half = len(self) // 2
        return [self._slice(half, len(self)), self._slice(0, half)]

    def _slice(self, start: int, end: int) -> Batch:
        return Batch(self.model, self.rows.slice(start, end - start), self.parts.slice(start, end - start))

    def key(self, row: int) -> dict[str, object]:
        """The key of one row."""
        found: dict[str, object] = self._keys.slice(row, 1).to_pylist()[0]
        return found

    @property
    def _keys(self) -> pa.Table:
        return self.rows.select(list(self.model.key))

    def find(self, keys: pa.Table) -> pa.Array:
        """Which row each key names; NULL: none."""
        if keys.equals(self._keys):
            return pa.array(range(len(keys)), pa.int64())
        names = [physical(at) for at in range(len(self.model.key))]
        asked, known = (
            _numbered(table.rename_columns(names), at) for table, at in ((keys, "asked"), (self._keys, "at"))
        )
        return asked.join(known, names, join_type="left outer").sort_by("asked").column("at").combine_chunks()

    def origins(self, rows: pa.Array) -> list[pa.ChunkedArray]:
        """The key's columns and the part of these rows."""
        return [*self._keys.take(rows).columns, self.parts.take(rows)]


def _numbered(rows: pa.Table, name: str) -> pa.Table:
    return rows.append_column(name, pa.array(range(len(rows)), pa.int64()))
