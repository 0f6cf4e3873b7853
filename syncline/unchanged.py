"""Rows of a full read that the snapshot has already, found while they come, so that nobody has to keep them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import reduce
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from syncline import datatype
from syncline.changes import OP, PART, RowFile, columns, keys
from syncline.model import DataModel
from syncline.plain import texts
from syncline.snapshot import Layers, Locate

Keep: TypeAlias = Callable[[pa.Table], None]
_Place: TypeAlias = tuple[object, ...]
_ROWS = 16_384
_MOST_PIECES = 16
_MOST_TOUCHED = 1_000_000
_MOST_GROUPS = 2
_READ_BYTES = 65_536


class Unchanged:
    """Tells which rows are in the snapshot exactly as they come; they come in the order of the key.

    What it finds is certain: such a row stands in the base bit by bit, and no delta lies over it. What it does not find
    may be unchanged all the same, e.g. a row that came back to what it was; comparing tells.

    `keep` is given the rows of the base that are left open: once `close` was called, each of them that was not found.
    """

    def __init__(self, layers: Layers, model: DataModel, locate: Locate, keep: Keep) -> None:
        self._key, self._columns = keys(model), [*columns(model), PART]
        kinds = [*(field.type for field in model.schema), pa.string()]
        self._schema = pa.schema(list(zip(self._columns, kinds, strict=True)))
        self._base = _ahead(self._rows(layers.base, self._columns, locate))
        self._touched = pa.Table.from_batches(
            self._rows(layers.deltas, self._key, locate), pa.schema([self._schema.field(name) for name in self._key])
        )
        self._pieces: list[pa.RecordBatch] = []
        self._is_lost = False
        self._keep = keep

    @classmethod
    def over(cls, layers: Layers, model: DataModel, locate: Locate, keep: Keep) -> Unchanged | None:
        """For a snapshot; None where its files do not tell exactly what a row is today, or tell too much."""
        alike = all(_is_alike(file, model) for file in layers.files)
        if not alike or sum(file.rows for file in layers.deltas) > _MOST_TOUCHED:
            return None
        return cls(layers, model, locate, keep)

    def among(self, rows: pa.Table) -> pa.Array:
        """For each row whether it is unchanged. The columns are c0…cn and `_part`, the keys grow from call to call."""
        came = rows.select(self._columns).combine_chunks().to_batches()[0]
        self._go_on(_place(came, 0, self._key), _place(came, came.num_rows - 1, self._key))
        there = pa.Table.from_batches(self._pieces, self._schema).combine_chunks()
        places, same = _found(came, there, self._key)
        touched = _handle(self._touched_near(came), self._key)
        same = pc.and_(same, pc.invert(pc.is_in(_handle(came, self._key), value_set=touched)))
        self._pass(there, places, same)
        return same

    def close(self) -> None:
        """Nothing comes any more: what is left of the base is open."""
        for piece in (*self._pieces, *self._base):
            self._keep(pa.Table.from_batches([piece]))

    def _pass(self, there: pa.Table, places: pa.Array, same: pa.Array) -> None:
        """Leave behind what of the base lies before the last key that was found in it."""
        if (last := pc.max(places).as_py()) is not None:
            passed = pa.arange(0, last + 1)
            is_open = pc.invert(pc.is_in(passed, value_set=places.filter(same).cast(passed.type)))
            self._keep(there.slice(0, last + 1).filter(is_open))
            self._pieces = there.slice(last + 1).to_batches()

    def _go_on(self, first: _Place, last: _Place) -> None:
        """Have those pieces of the base in hand that lie between two keys."""
        behind = [piece for piece in self._pieces if _end(piece, self._key) < first]
        self._pieces = [piece for piece in self._pieces if _end(piece, self._key) >= first]
        end = _end(self._pieces[-1], self._key) if self._pieces else None
        while not self._is_lost and (end is None or end < last):
            piece = next(self._base, None)
            if piece is None:
                break
            before, end = end, _end(piece, self._key)
            # far apart, or not in the order of the key: others compare that better
            self._is_lost = len(self._pieces) == _MOST_PIECES or (before is not None and end < before)
            (behind if end < first or self._is_lost else self._pieces).append(piece)
        if behind:
            self._keep(pa.Table.from_batches(behind))

    def _touched_near(self, came: pa.RecordBatch) -> pa.Table:
        first, values = self._touched.column(0), came.column(self._key[0])
        near = pc.and_(pc.greater_equal(first, values[0]), pc.less_equal(first, values[-1]))
        return self._touched.filter(near)

    def _rows(self, files: tuple[RowFile, ...], names: list[str], locate: Locate) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([self._schema.field(name) for name in names])
        for file in files:
            with pq.ParquetFile(locate(file.name), buffer_size=_READ_BYTES, pre_buffer=False) as parquet:
                for batch in parquet.iter_batches(_ROWS, columns=names, use_threads=False):
                    yield batch.select(names).cast(schema)


def _ahead(pieces: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each piece, the next one being read meanwhile."""
    reader = ThreadPoolExecutor(1, "read the snapshot")
    try:
        following = reader.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = reader.submit(next, pieces, None)
            yield piece
    finally:
        reader.shutdown(wait=False)  # whoever leaves early does not wait for what nobody wants


def is_in(rows: pa.Table, file: RowFile, model: DataModel, locate: Locate) -> bool:
    """Whether each of these rows stands in a file just as it comes, bit by bit; False also where it takes long to tell.

    The columns of the rows are c0…cn and `_part`.
    """
    if not len(rows) or not _is_alike(file, model):
        return False
    key = keys(model)
    with pq.ParquetFile(locate(file.name), buffer_size=_READ_BYTES, pre_buffer=False) as parquet:
        groups = _groups(parquet, key[0], rows.column(key[0]))
        if not 0 < len(groups) <= _MOST_GROUPS:
            return False
        names = [*rows.column_names, *({OP} & set(parquet.schema_arrow.names))]
        there = parquet.read_row_groups(groups, columns=names, use_threads=False)
    if OP in names:
        there = there.filter(pc.not_equal(there.column(OP), texts("delete")[0]))
    came = rows.combine_chunks().to_batches()[0]
    _, same = _found(came, there.select(rows.column_names).cast(rows.schema).combine_chunks(), key)
    return bool(pc.all(same).as_py())


def _groups(parquet: pq.ParquetFile, column: str, wanted: pa.ChunkedArray) -> list[int]:
    """The groups of rows of a file that may have one of these values."""
    ends, place = pc.min_max(wanted), parquet.schema_arrow.get_field_index(column)
    found = []
    with suppress(ArithmeticError, TypeError, ValueError):  # Python has no such moment, so nothing is found
        low, high = ends["min"].as_py(), ends["max"].as_py()
        for group in range(parquet.num_row_groups):
            about = parquet.metadata.row_group(group).column(place).statistics
            if about is not None and about.has_min_max and about.min <= high and about.max >= low:
                found.append(group)
    return found


def _found(came: pa.RecordBatch, there: pa.Table, key: list[str]) -> tuple[pa.Array, pa.Array]:
    """For each row that came where it is among those that were there, if its key is, and whether it is the same."""
    places = pc.index_in(_handle(came, key), value_set=_handle(there, key))
    found = _at(there, places)
    same = (_equal(came.column(name), found.column(name)) for name in came.schema.names)
    return places, reduce(pc.and_, same)


def _at(rows: pa.Table, places: pa.Array) -> pa.Table:
    """The rows at these places; most often they lie one after another, then without a copy."""
    first, last = places[0].as_py(), places[-1].as_py()
    is_run = not places.null_count and last - first == len(places) - 1  # if it is none, rows that differ are compared
    return rows.slice(first, len(places)) if is_run else rows.take(places)


def _is_alike(file: RowFile, model: DataModel) -> bool:
    types = tuple(datatype.name(field.type) for field in model.schema)
    return file.columns == tuple(model.schema.names) and file.types == types


def _end(piece: pa.RecordBatch, key: list[str]) -> _Place:
    return _place(piece, piece.num_rows - 1, key)


def _place(rows: pa.RecordBatch, row: int, key: list[str]) -> _Place:
    """A row's key as something that Python puts in the order of the key."""
    cells = [rows.column(name)[row] for name in key]
    return tuple(cell.value if pa.types.is_temporal(cell.type) else cell.as_py() for cell in cells)


def _handle(rows: pa.Table | pa.RecordBatch, key: list[str]) -> pa.Array:
    """One value a key, by which rows are found; it may stand for other keys as well, since all columns are compared."""
    if len(key) == 1:
        return rows.column(key[0])
    words = [_bytes(rows.column(name)) for name in key]
    return pc.binary_join_element_wise(*words, texts("\0").cast(pa.binary())[0])


def _bytes(column: pa.Array) -> pa.Array:
    return column if pa.types.is_binary(column.type) else column.cast(pa.string()).cast(pa.binary())


def _equal(came: pa.Array, there: pa.ChunkedArray) -> pa.Array:
    """Bit by bit: NULL is NULL, 0.0 is not -0.0, and of the many NaN each is itself."""
    found = there.combine_chunks() if there.num_chunks != 1 else there.chunk(0)
    if pa.types.is_floating(came.type):
        bits = pa.int32() if came.type == pa.float32() else pa.int64()
        came, found = came.view(bits), found.view(bits)
    return pc.coalesce(pc.equal(came, found), pc.and_(came.is_null(), found.is_null()))
