"""Laws that hold for all rows of all types; that both sides end equal is held by test_machine.py."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline import Batch, DataModel, Limits, Read, TransientError, datatype
from syncline.diff import diff, merge
from syncline.patience import patient
from syncline.pipeline import Steps, extract
from syncline.testing.memory import MemorySource
from tests.domain.rig import Rig, Row, pet

Values = st.SearchStrategy[Any]
WHOLE = {kind: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64) for kind in [f"int{bits}"]} | {
    f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)
}
COUNTED = {
    "date": (-2_000_000_000, 2_000_000_000),
    "time": (0, 86_399_999_999),
    "timestamp": (-(2**63) + 2**60, 2**63 - 2),
    "timestamptz": (-(2**63) + 2**60, 2**63 - 2),
}
"""Temporal values as they lie in memory: days and microseconds."""
DECIMALS = ["decimal(1,0)", "decimal(12,2)", "decimal(38,0)", "decimal(38,38)"]
FLOATS = {"float32": 32, "float64": 64}
KINDS = ["bool", *WHOLE, *FLOATS, *DECIMALS, "text", "bytes", *COUNTED]


def values(kind: str) -> Values:
    """Values of a type, with its edges."""
    if bounds := (WHOLE | COUNTED).get(kind):
        return st.integers(*bounds) | st.sampled_from(bounds)
    if kind in DECIMALS:
        digits, scale = datatype.parse(kind).precision, datatype.parse(kind).scale
        most = 10**digits - 1
        numbers = st.integers(-most, most) | st.sampled_from([-most, most])
        return numbers.map(lambda number: exact(number, scale))
    if kind in FLOATS:
        odd = st.sampled_from([float("nan"), float("inf"), -float("inf"), 0.0, -0.0])
        return odd | st.floats(width=FLOATS[kind])  # type: ignore[arg-type]
    few = {"bool": st.booleans(), "bytes": st.binary(max_size=5)}
    return few.get(kind, st.sampled_from(["", "\0", "a\0", "a", "A", "a ", "é", "e\u0301", "🦔"]) | st.text(max_size=5))


def exact(number: int, scale: int) -> Decimal:
    """All its digits, of which Python would keep 28."""
    sign, digits, _ = Decimal(number).as_tuple()
    return Decimal((sign, digits, -scale))


def column(cells: Sequence[Any], kind: str) -> pa.Array:
    if kind in COUNTED:
        return pa.array(cells, pa.int32() if kind == "date" else pa.int64()).cast(datatype.parse(kind))
    return pa.array(cells, datatype.parse(kind))


def told_apart(rows: pa.Table) -> list[tuple[str, ...]]:
    """The rows as texts, in one order: equal only where each value is exactly the same, but one NaN is like another."""

    def cells(values: pa.ChunkedArray) -> list[str]:
        if pa.types.is_temporal(values.type):
            values = values.cast(pa.int32() if pa.types.is_date(values.type) else pa.int64())
        return [cell(value) for value in values.to_pylist()]

    def cell(value: Any) -> str:
        if isinstance(value, float):
            return "NaN" if value != value else struct.pack(">d", value).hex()  # noqa: PLR0124 - NaN alone differs
        return repr(value)

    return sorted(zip(*(cells(values) for values in rows.columns), strict=True))


def model_of(kinds: Sequence[str], key: Sequence[str]) -> DataModel:
    """Columns `k0`, `k1`, … that are the key, and a column `v` of each kind."""
    keys = {f"k{index}": kind for index, kind in enumerate(key)}
    columns = keys | {f"v{index}": kind for index, kind in enumerate(kinds)}
    schema = pa.schema([(name, datatype.parse(kind)) for name, kind in columns.items()])
    return DataModel("m", schema, tuple(keys))


@st.composite
def tables(draw: st.DrawFn, kinds: Sequence[str], key: Sequence[str]) -> tuple[DataModel, pa.Table, pa.Table]:
    """A model and its rows before and after; some keys are in both."""
    model = model_of(kinds, key)
    names = st.tuples(*(values(kind) for kind in key))
    pool = draw(st.lists(names, max_size=6, unique=True))
    rows = st.tuples(*(st.none() | values(kind) for kind in kinds))

    def table() -> pa.Table:
        there = draw(st.lists(st.sampled_from(pool), unique=True)) if pool else []
        found = [[*name, *draw(rows)] for name in there]
        arrays = [column([row[at] for row in found], kind) for at, kind in enumerate([*key, *kinds])]
        return pa.table(arrays, schema=model.schema)

    before = table()
    after = before.slice(draw(st.integers(0, len(before)))) if draw(st.booleans()) else table()
    return model, before, after


def hold(model: DataModel, before: pa.Table, after: pa.Table) -> None:
    assert not any(len(rows) for rows in diff(before, before, model).values())
    changes = diff(before, after, model)
    upserts = pa.concat_tables([changes["insert"], changes["update"]])
    assert told_apart(merge(before, upserts, changes["delete"], model)) == told_apart(after)
    unchanged = {tuple(row) for row in told_apart(before)} & {tuple(row) for row in told_apart(after)}
    assert not unchanged & {tuple(row) for row in told_apart(upserts)}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=8)
def test_merging_the_difference_gives_what_is_after(kind: str, data: st.DataObject) -> None:
    """Style: `diff(x, x)` is empty, and `merge(before, diff(before, after)) == after`."""
    key = ["int8"] if kind in FLOATS else [kind]
    hold(*data.draw(tables([kind, "text"], key)))


ALIKE = [(0.0, -0.0), (1.0, None), (float("nan"), None), (float("nan"), float("inf"))]
ALIKE_TEXTS = [("a", "A"), ("a", "a "), ("a", "a\0"), ("é", "e\u0301"), ("", None), ("1", "1.0")]


@pytest.mark.parametrize(("kind", "pair"), [("float64", pair) for pair in ALIKE] + [("text", p) for p in ALIKE_TEXTS])
def test_what_looks_alike_differs(kind: str, pair: tuple[object, object]) -> None:
    """Invariant 8: each is another value, and each equals itself."""
    model = model_of([kind], ["int8"])
    one, other = (pa.table([column([1], "int8"), column([value], kind)], schema=model.schema) for value in pair)
    for before, after, updates in ((one, other, 1), (other, one, 1), (one, one, 0), (other, other, 0)):
        assert len(diff(before, after, model)["update"]) == updates
        hold(model, before, after)


@given(data=st.data())
@settings(max_examples=15)
def test_it_does_so_under_a_key_of_all_types_at_once(data: st.DataObject) -> None:
    """Style."""
    hold(*data.draw(tables(list(FLOATS), [kind for kind in KINDS if kind not in FLOATS])))


class Pieces:
    """A source that gives rows in parts and batches, and breaks off once."""

    def __init__(self, parts: int, size: int, dies_after: int | None) -> None:
        self.parts = parts
        self.size = size
        self.dies_after = dies_after
        self.rows: list[Row] = []

    def answer(self, request: Read) -> list[Batch | BaseException]:
        said: list[Batch | BaseException] = []
        for number in range(self.parts):
            part, mine = str(number), [row for row in self.rows if row["id"] % self.parts == number]
            done = int(str(request.position.get(part, 0)))
            cuts = range(done, len(mine), self.size)
            said += [
                Batch(rows=mine[cut : cut + self.size], part=part, position=min(len(mine), cut + self.size))
                for cut in cuts
            ]
            said.append(Batch(part=part, cursor=len(mine), complete=True))
        if self.dies_after is not None:
            said.insert(self.dies_after, TransientError("the line is dead", retry_after=0.0001))
            self.dies_after = None
        return said


class Keyed(MemorySource):
    """Its positions name rows."""

    positions_are_keys = True


ROWS = st.dictionaries(st.integers(0, 30), st.sampled_from(["Rex", "Tom", "Kit"]), max_size=12).flatmap(
    lambda rows: st.permutations([pet(id, name) for id, name in rows.items()])
)


@given(before=ROWS, after=ROWS, parts=st.integers(1, 3), size=st.integers(1, 5), dies_after=st.integers(0, 12))
@settings(max_examples=8)
def test_reading_in_pieces_is_reading_at_once(
    before: list[Row], after: list[Row], parts: int, size: int, dies_after: int
) -> None:
    """Style, R7: whatever the batches and parts, and with a break in between."""
    with tempfile.TemporaryDirectory() as folder:
        number, seen = count(), []
        for pieces in (Pieces(1, 100, None), Pieces(parts, size, dies_after)):
            rig = Rig(Path(folder) / str(next(number)), limits=Limits(deleted=1.0))
            rig.source = Keyed(pieces.answer)
            runs = []
            for rows in (before, after):
                pieces.rows = rows
                runs.append(rig.run(steps=Steps(extract=lambda work: patient(lambda: extract(work)))))
            counts = [(run.error, run.counts.inserted, run.counts.updated, run.counts.deleted) for run in runs]
            seen.append((counts, [run.counts.read for run in runs], rig.snapshot, rig.sent, rig.held, rig.owed()))
        at_once, in_pieces = seen
        assert in_pieces == at_once
        assert [error for error, *_ in at_once[0]] == ["", ""]
