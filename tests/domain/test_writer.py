"""Rows that are written while they are read come back exactly, from either reader."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline import DataModel
from syncline.changes import columns, marked
from syncline.engine import opened
from syncline.pipeline.work import Work
from syncline.pipeline.writer import writing

KINDS = [
    pa.int8(),
    pa.int16(),
    pa.int32(),
    pa.int64(),
    pa.uint8(),
    pa.uint16(),
    pa.uint32(),
    pa.uint64(),
    pa.date32(),
    pa.time64("us"),
    pa.timestamp("us"),
    pa.timestamp("us", tz="UTC"),
]
MODEL = DataModel("ROWS", pa.schema([pa.field(f"{kind}", kind) for kind in KINDS]), ("int8",))
DAY = 86_400_000_000


def cells(kind: pa.DataType) -> st.SearchStrategy[int | None]:
    """Values as they lie in memory, the least and the greatest ones above all."""
    low, high = (
        (0, 2**kind.bit_width - 1) if "uint" in str(kind) else (-(2**kind.bit_width) // 2, 2**kind.bit_width // 2 - 1)
    )
    if not pa.types.is_integer(kind):
        low, high = (0, DAY - 1) if pa.types.is_time(kind) else (-DAY // 10**6, DAY // 10**6)
    return st.none() | st.sampled_from([low, high, 0]) | st.integers(low, high)


class _Place:
    """As much of a work as a writer asks for."""

    def __init__(self, folder: Path) -> None:
        self.model, self.folder = MODEL, folder

    def name(self, file: str) -> str:
        return file

    def path(self, file: str) -> Path:
        return self.folder / file


@settings(max_examples=30)
@given(st.lists(st.tuples(*map(cells, KINDS)), min_size=1, max_size=70))
def test_numbers_and_times_come_back_exactly(rows: list[tuple[Any, ...]]) -> None:
    arrays = []
    for kind, values in zip(KINDS, zip(*rows, strict=True), strict=True):
        plain = kind if pa.types.is_integer(kind) else pa.int32() if pa.types.is_date(kind) else pa.int64()
        arrays.append(pa.array(values, plain).view(kind))
    table = marked(pa.table(arrays, names=columns(MODEL)), "", "insert")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with writing(cast("Work", _Place(folder)), "rows.parquet") as writer:
            writer.add(table)
        assert pq.read_table(folder / "rows.parquet", columns=columns(MODEL)).equals(table.select(columns(MODEL)))
        with opened(folder) as engine:
            read = engine.table(f"SELECT * FROM read_parquet('{folder}/rows.parquet')")
    assert read.cast(table.schema).equals(table)
