"""Rows that a full read brings just as the snapshot has them: only their keys are kept, marked `same`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from syncline import diff as comparison
from syncline.changes import OP, PART, STALE, RowFile, columns, keys
from syncline.engine import Engine
from syncline.model import DataModel
from syncline.pipeline.work import Extraction, Work
from syncline.pipeline.writer import Writer, writing
from syncline.plain import repeated, texts
from syncline.snapshot import Layers
from syncline.statement import listed
from syncline.unchanged import Unchanged, is_in

_FEW = 10_000


class Known:
    """Tells them while they come; the rows of the snapshot's base that do not come so are kept in a file."""

    def __init__(self, unchanged: Unchanged, writer: Writer) -> None:
        self._unchanged, self._writer = unchanged, writer

    def among(self, rows: pa.Table) -> pa.Array:
        """For each row at rest whether it is just as in the snapshot; the keys grow from call to call."""
        return self._unchanged.among(rows)

    def left_open(self) -> tuple[RowFile, ...]:
        """What of the snapshot's base was not found, now that all rows have come."""
        self._unchanged.close()
        return self._writer.close()


@contextmanager
def told_apart(work: Work, *, is_resumed: bool) -> Iterator[Known | None]:
    """What finds them while the block runs; None where all rows are compared later on."""
    if is_resumed or not work.counts_absence or work.connection.source.order(work.sync.origin) is not None:
        yield None
        return
    with writing(work, "open.parquet") as writer:

        def keep(rows: pa.Table) -> None:
            writer.add(rows.append_column(OP, repeated("insert", len(rows))))

        unchanged = Unchanged.over(work.head.snapshot, work.model, work.storage.path, keep)
        yield Known(unchanged, writer) if unchanged else None


def brings_nothing(work: Work, extraction: Extraction) -> bool:
    """Whether all that an incremental read brought stands in the newest file of the snapshot: nothing lies over that.

    The last rows are read each time (R9), so this is what comes of a run when nothing has changed; it is told without
    the engine. False where it is not certain.
    """
    layers, model = work.head.snapshot, work.model
    is_settled = work.head.owed is None and not layers.aside and not extraction.missing and not extraction.rejections
    if not is_settled or work.connection.source.order(work.sync.origin) is not None or not layers.files:
        return False
    rows = sum(file.rows for file in extraction.files)
    if rows > _FEW or rows > layers.files[-1].rows:
        return False
    came = pa.concat_tables([_rows(work.storage.path(file.name)) for file in extraction.files])
    if pc.any(pc.not_equal(came.column(OP), texts("insert")[0])).as_py():
        return False
    return is_in(came.drop_columns(OP), layers.files[-1], model, work.storage.path)


def _rows(file: Path) -> pa.Table:
    with pq.ParquetFile(file) as parquet:
        return parquet.read(use_threads=False)


def to_compare(work: Work, extraction: Extraction, *, is_plain: bool) -> Layers:
    """The snapshot, or where each key stands once and only they matter, those of its rows that are still open."""
    layers = work.head.snapshot
    if extraction.still_open is None or not is_plain:
        return layers
    rows = sum(file.rows for file in (*extraction.still_open, *layers.deltas))
    return replace(layers, base=extraction.still_open, rows=rows)


def whole(rows: str, model: DataModel) -> str:
    """Rows as they came; of one that was found to be the same as in the snapshot, what stands there."""
    before = listed([f"b.{column}" for column in [*columns(model), PART, STALE]])
    on = listed([f"r.{key} = b.{key}" for key in keys(model)], " AND ")
    same = f"SELECT {before}, 'insert' AS {OP}, r._r, r._f FROM ({rows}) r JOIN before b ON {on} WHERE r.{OP} = 'same'"
    return f"SELECT * FROM ({rows}) WHERE {OP} <> 'same' UNION ALL {same}"


def slices(engine: Engine, work: Work, extraction: Extraction, rows: int) -> Sequence[str]:
    """The keys in ranges, where both sides lie in their order and all of them are compared."""
    if not (extraction.in_key_order and work.counts_absence):
        return ("true",)
    return comparison.sliced(engine, work.model, "SELECT * FROM before", rows)
