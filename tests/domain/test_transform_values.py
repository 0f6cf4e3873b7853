"""What holds of every transform by itself, whatever the values are."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncline import datatype
from syncline.model import DataModel
from syncline.transform import Transform
from tests.domain.mill import Milled, mill

VALUES = {
    "int8": st.integers(-128, 127),
    "uint64": st.integers(0, 2**64 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float32": st.floats(width=32),
    "float64": st.floats(),
    "decimal(12,2)": st.decimals(-(10**9), 10**9, places=2),
    "decimal(38,38)": st.decimals(0, 1, places=38).filter(lambda number: number < 1),
    "bool": st.booleans(),
    "text": st.text(st.characters(exclude_categories=["Cs"])),
    "bytes": st.binary(),
    "date": st.dates(),
    "time": st.times(),
    "timestamp": st.datetimes(),
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
}
AS_ROWS = "import pyarrow as pa\n\ndef same(rows: pa.Table) -> pa.Table:\n    return rows\n"
AS_FRAME = "import pandas as pd\n\ndef same(rows: pd.DataFrame) -> pd.DataFrame:\n    return rows.iloc[::-1]\n"


def in_order(done: Milled, key: str) -> pa.Table:
    return done.table.sort_by(key).combine_chunks()


EVERY_TYPE = DataModel(
    "T", pa.schema([("n", pa.int64()), *((f"a {kind}", datatype.parse(kind)) for kind in VALUES)]), ("n",)
)
EVERY_ROW = st.lists(st.tuples(*(values | st.none() for values in VALUES.values())), max_size=8)


def test_rows_whose_fields_are_their_columns_stay_what_they_are(tmp_path: Path) -> None:
    model = EVERY_TYPE
    (tmp_path / "arrow.py").write_text(AS_ROWS)
    (tmp_path / "frame.py").write_text(AS_FRAME)
    ways = [
        Transform(filter="true"),
        Transform(fields={name: f'"{name.upper()}"' for name in model.schema.names}),
        Transform(fields={name: f'CASE WHEN true THEN "{name}" END' for name in model.schema.names}, key=("n",)),
        Transform(function="arrow:same", folder=tmp_path),
        Transform(function="frame:same", folder=tmp_path, filter="n >= 0", fields={n: n for n in model.schema.names}),
        Transform(function="frame:same", folder=tmp_path, scope="model"),
    ]

    @settings(max_examples=12)
    @given(EVERY_ROW)
    def check(values: list[tuple[object, ...]]) -> None:
        columns = [range(len(values)), *([row[at] for row in values] for at in range(len(VALUES)))]
        rows = pa.table([pa.array(c, f.type) for c, f in zip(columns, model.schema, strict=True)], schema=model.schema)
        for way in ways:
            done = mill(way, rows, model)
            assert done.model == model
            assert repr(in_order(done, "n").to_pylist()) == repr(rows.to_pylist())
            assert not done.rejected

    check()


CONDITIONS = st.sampled_from(
    [
        "a > b", "a = b OR s IS NULL", "NOT (a > 3)", "s LIKE 'a%'", "length(s) > 1 AND a IS NOT NULL AND b < 5",
        "a % 2 = 0", "coalesce(s, '') <> ''", "a IN (1, 2, 3) AND s > 'a'", "a BETWEEN b AND 4", "NULL",
        "s IS NULL AND a > b",
    ]
)  # fmt: skip
SMALL = st.integers(-5, 5) | st.none()
ROWS = st.lists(st.tuples(SMALL, SMALL, st.text("ab", max_size=3) | st.none()), max_size=12)


@settings(max_examples=40)
@given(CONDITIONS, ROWS)
def test_a_filter_keeps_exactly_what_the_bare_engine_keeps(condition: str, values: list[tuple[object, ...]]) -> None:
    model = DataModel("T", pa.schema({"n": pa.int64(), "a": pa.int64(), "b": pa.int64(), "s": pa.string()}), ("n",))
    rows = pa.Table.from_pylist(
        [{"n": n, "a": a, "b": b, "s": s} for n, (a, b, s) in enumerate(values)], schema=model.schema
    )
    kept = duckdb.sql(f"SELECT * FROM rows WHERE {condition} ORDER BY n").fetchall()
    done = in_order(mill(Transform(filter=condition), rows, model), "n")
    assert [tuple(row.values()) for row in done.to_pylist()] == kept


TEXTS = st.sampled_from(["1", "-7", "x", "", "300", "99999999999", "1.5", "1e3"]) | st.none()


@settings(max_examples=15)
@given(st.lists(TEXTS, max_size=6))
@example(["x"] * 6)
def test_each_row_fares_as_it_would_alone(texts: list[str | None]) -> None:
    model = DataModel("T", pa.schema({"n": pa.int64(), "s": pa.string()}), ("n",))
    transform = Transform(filter="CAST(s AS int) <> 300", fields={"m": "n", "v": "CAST(s AS tinyint)"})
    rows = pa.table({"n": range(len(texts)), "s": pa.array(texts, pa.string())})
    together = mill(transform, rows, model)
    alone = [mill(transform, rows.slice(n, 1), model) for n in range(len(texts))]
    assert in_order(together, "m").to_pylist() == [row for one in alone for row in one.rows]
    assert together.rejected == {key: why for one in alone for key, why in one.rejected.items()}


COPIES = """
import pyarrow as pa

def copies(rows: pa.Table) -> pa.Table:
    numbers = rows["a"].to_pylist()
    if 13 in numbers:
        raise ValueError("thirteen")
    which = [(row, line) for row, number in enumerate(numbers) for line in range(number or 0)][::-1]
    made = rows.take(pa.array([row for row, _ in which], pa.int64()))
    return made.append_column("line", pa.array([line for _, line in which], pa.int64()))
"""
NUMBERS = st.lists(st.sampled_from([0, 1, 2, 3, 13, 40]) | st.none(), max_size=40)


@pytest.mark.parametrize("size", [1, 7, 2048])
def test_batches_of_any_size_give_the_same(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = DataModel("T", pa.schema({"n": pa.int64(), "a": pa.int64()}), ("n",))
    (tmp_path / "copying.py").write_text(COPIES)
    transform = Transform(function="copying:copies", key=("n", "line"), folder=tmp_path)
    monkeypatch.setattr("syncline.transform.order.BATCH_ROWS", size)

    @settings(max_examples=15)
    @given(NUMBERS)
    def check(numbers: list[int | None]) -> None:
        rows = pa.table({"n": range(len(numbers)), "a": pa.array(numbers, pa.int64())})
        done = mill(transform, rows, model)
        expected = {(n, line) for n, number in enumerate(numbers) if number != 13 for line in range(number or 0)}
        assert sorted((row["n"], row["line"]) for row in done.table.to_pylist()) == sorted(expected)
        assert done.sources == [(row["n"],) for row in done.table.to_pylist()]
        wrong = {n: "the function raised ValueError: thirteen" for n, number in enumerate(numbers) if number == 13}
        assert done.rejected == wrong

    check()
