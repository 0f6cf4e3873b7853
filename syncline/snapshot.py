"""A model's rows at rest: a base and the deltas laid over it; bounded memory whatever their size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from syncline import datatype
from syncline.changes import BATCH_ROWS, OP, PART, STALE, RowFile, columns, keys, physical
from syncline.model import DataModel
from syncline.statement import listed, literal

if TYPE_CHECKING:
    from syncline.engine import Engine

Locate: TypeAlias = Callable[[str], Path]
"""Where a file of the storage lies on this machine; raises DataError if it is missing (R4)."""
MOST_DELTAS = 24
MOST_OF_BASE = 0.25
FEW_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Layers:
    """Rows at rest: a base, then deltas in the order they came; the later one wins, key by key.

    An incremental run adds a delta: it writes what changed, not what there is. `rows` counts the rows that
    are there, all layers together. `aside` is one file, or none, with the rows of parts whose keys an earlier
    part gives as well: they wait there until that one lets go (R11).
    """

    base: tuple[RowFile, ...] = ()
    deltas: tuple[RowFile, ...] = ()
    rows: int = 0
    aside: tuple[RowFile, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Layers:
        """The layers that `dataclasses.asdict` made JSON of."""
        base, deltas, aside = (
            tuple(RowFile.from_json(file) for file in stored.get(part, ())) for part in ("base", "deltas", "aside")
        )
        return cls(base, deltas, stored["rows"], aside)

    @property
    def files(self) -> tuple[RowFile, ...]:
        """All of them, oldest first."""
        return (*self.base, *self.deltas)

    def with_delta(self, files: tuple[RowFile, ...], *, inserted: int, deleted: int) -> Layers:
        """These rows with one more delta over them. The first delta is the base."""
        rows = self.rows + inserted - deleted
        if not self.files:
            return replace(self, base=files, rows=rows)
        return replace(self, deltas=(*self.deltas, *files), rows=rows)

    @property
    def wants_folding(self) -> bool:
        """The deltas have grown so much that reading them costs more than writing a new base."""
        changed = sum(file.rows for file in self.deltas)
        return len(self.deltas) > MOST_DELTAS or changed > max(MOST_OF_BASE * self.rows, FEW_ROWS)


def relation(layers: Layers, model: DataModel, locate: Locate) -> str:
    """A query for the rows as they are now: c0…cn of `model`, `_part` and `_stale`.

    Files written when the model had other columns are read as if they had these. What is missing is NULL, and nobody
    knows what the destination holds of it: `_stale` is 1, and the row differs from whatever the source says. A value of
    another type is read as one of this type if it is exactly that; if not it is NULL, `_stale` is 2, and the source has
    to say it anew before it can be sent (Invariant 8).
    """
    nothing = f"SELECT {_empty(model)} WHERE false"
    base = listed([_scan(file, model, locate) for file in layers.base], " UNION ALL ") or nothing
    if not layers.deltas:
        return base
    shown, key = listed([*columns(model), PART, STALE]), listed(keys(model))
    deltas = listed(
        [
            f"SELECT *, {order} AS _n FROM ({_scan(file, model, locate, operation=True)})"
            for order, file in enumerate(layers.deltas)
        ],
        " UNION ALL ",
    )
    touched = f"SELECT {key}, max(_n) AS _n FROM ({deltas}) GROUP BY {key}"  # keys alone, for rows may be wide
    return (
        f"SELECT {shown} FROM ({base}) ANTI JOIN ({touched}) USING ({key}) "
        f"UNION ALL SELECT {shown} FROM ({deltas}) SEMI JOIN ({touched}) USING ({key}, _n) WHERE {OP} <> 'delete'"
    )


def incoming(files: tuple[RowFile, ...], model: DataModel, locate: Locate) -> str:
    """A query for all rows of files just as they stand: c0…cn, `_part`, `_op`, `_f` (file) and `_r` (row)."""
    scans = [
        f"SELECT *, {order} AS _f FROM ({_scan(file, model, locate, operation=True, position=True)})"
        for order, file in enumerate(files)
    ]
    if not scans:
        return f"SELECT {_empty(model)}, 'insert' AS {OP}, 0 AS _r, 0 AS _f WHERE false"
    return listed(scans, " UNION ALL ")


def fold(engine: Engine, layers: Layers, model: DataModel, locate: Locate, path: Path, name: str) -> Layers:
    """The same rows as one base in the order of the key, written to `path`."""
    shown, order = listed([*columns(model), PART]), listed(keys(model))
    engine.write(f"SELECT {shown}, 'insert' AS {OP} FROM ({relation(layers, model, locate)}) ORDER BY {order}", path)
    return Layers(base=(RowFile.of(model, name, layers.rows),), rows=layers.rows, aside=layers.aside)


def has_stale(engine: Engine, layers: Layers, model: DataModel, locate: Locate) -> bool:
    """Some rows are not known in the columns and types of today, so they must stay in the files they are in."""
    whole = [file.position(field.name) is not None for file in layers.files for field in model.schema]
    if all(whole) and all(_kept_type(file, field) for file in layers.files for field in model.schema):
        return False
    return engine.number(f"SELECT count(*) FROM ({relation(layers, model, locate)}) WHERE {STALE} > 0") > 0


def rows(engine: Engine, layers: Layers, model: DataModel, locate: Locate) -> Iterator[pa.RecordBatch]:
    """The rows as they are now, in the order of the key; not those that the types of today cannot express."""
    shown, order = listed(columns(model)), listed(keys(model))
    query = f"SELECT {shown} FROM ({relation(layers, model, locate)}) WHERE {STALE} < 2 ORDER BY {order}"
    for batch in engine.batches(query, BATCH_ROWS):
        yield pa.RecordBatch.from_arrays(
            [column.cast(field.type) for column, field in zip(batch.columns, model.schema, strict=True)],
            schema=model.schema,
        )


def _empty(model: DataModel) -> str:
    nothing = [f"NULL::{datatype.engine_name(field.type)} AS {physical(i)}" for i, field in enumerate(model.schema)]
    return listed([*nothing, f"NULL::VARCHAR AS {PART}", f"0 AS {STALE}"])


def _scan(file: RowFile, model: DataModel, locate: Locate, *, operation: bool = False, position: bool = False) -> str:
    shown = [_column(file, field, index) for index, field in enumerate(model.schema)]
    inexact = [f"NOT {_exact(file, field)}" for field in model.schema if not _kept_type(file, field)]
    missing = int(any(file.position(field.name) is None for field in model.schema))
    shown += [PART, f"CASE WHEN {listed(inexact, ' OR ') or 'false'} THEN 2 ELSE {missing} END AS {STALE}"]
    if operation:
        shown.append(OP)
    if position:
        shown.append("file_row_number AS _r")
    numbered = ", file_row_number = true" if position else ""
    return f"SELECT {listed(shown)} FROM read_parquet({literal(locate(file.name))}{numbered})"


def _column(file: RowFile, field: pa.Field, index: int) -> str:
    kind = datatype.engine_name(field.type)
    position = file.position(field.name)
    if position is None:
        return f"NULL::{kind} AS {physical(index)}"
    stored = physical(position)
    if _kept_type(file, field):
        return f"{stored}::{kind} AS {physical(index)}"
    return f"CASE WHEN {_exact(file, field)} THEN TRY_CAST({stored} AS {kind}) END AS {physical(index)}"


def _kept_type(file: RowFile, field: pa.Field) -> bool:
    """The column has the type it had when the file was written, or was not there then."""
    position = file.position(field.name)
    return position is None or datatype.name(field.type) == file.types[position]


def _exact(file: RowFile, field: pa.Field) -> str:
    """A condition: the stored value is exactly a value of the type of today."""
    index = file.position(field.name)
    assert index is not None
    was = datatype.engine_name(datatype.parse(file.types[index]))
    there_and_back = f"TRY_CAST(TRY_CAST({physical(index)} AS {datatype.engine_name(field.type)}) AS {was})"
    return f"({there_and_back} IS NOT DISTINCT FROM {physical(index)})"
