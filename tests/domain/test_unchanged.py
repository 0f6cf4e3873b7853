"""Rows of a full read that the snapshot has already are found while they come; whatever is in doubt is compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline import Batch, DataModel, RunResult, TransientError, unchanged
from syncline.changes import RowFile
from syncline.engine import opened
from syncline.snapshot import Layers
from syncline.unchanged import Unchanged, is_in
from tests.domain.rig import FULL, Rig, pet, pets, whole

SCHEMA = pa.schema({"id": pa.int64(), "code": pa.string(), "weight": pa.float64()})
ONE, BOTH = DataModel("ROWS", SCHEMA, ("id",)), DataModel("ROWS", SCHEMA, ("code", "id"))
Row = tuple[Any, ...]


def at_rest(rows: Sequence[Row], part: str = "") -> pa.Table:
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * 3
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.table([*arrays, pa.array([part] * len(rows), pa.string())], names=["c0", "c1", "c2", "_part"])


def over(
    folder: Path,
    base: Sequence[Row],
    delta: Sequence[Row] = (),
    model: DataModel = ONE,
    left_open: list[pa.Table] | None = None,
) -> Unchanged:
    files = []
    keep = [].append if left_open is None else left_open.append
    for name, rows in {"base": base, "delta": delta}.items():
        pq.write_table(at_rest(rows), folder / name)
        files.append(RowFile.of(model, name, len(rows)))
    found = Unchanged.over(Layers((files[0],), (files[1],), len(base)), model, lambda name: folder / name, keep)
    assert found is not None
    return found


def among(found: Unchanged, *batches: pa.Table) -> list[bool]:
    return [told for batch in batches for told in found.among(batch).to_pylist()]


def test_a_row_is_unchanged_that_is_the_same_bit_by_bit(tmp_path: Path) -> None:
    rows = [(1, "a", 1.5), (2, None, None), (3, "c", 0.0), (4, "d", float("nan")), (6, "f", None)]
    came = [(1, "a", 1.5), (2, None, None), (3, "c", -0.0), (4, "d", float("nan")), (5, "e", 1.0), (6, "f", 0.0)]
    assert among(over(tmp_path, rows), at_rest(came)) == [True, True, False, True, False, False]


def test_a_row_from_another_part_is_compared(tmp_path: Path) -> None:
    assert among(over(tmp_path, [(1, "a", 1.0)]), at_rest([(1, "a", 1.0)], "elsewhere")) == [False]


def test_a_row_over_which_a_delta_lies_is_compared(tmp_path: Path) -> None:
    base = [(1, "a", 1.0), (2, "b", 1.0), (3, "c", 1.0)]
    assert among(over(tmp_path, base, [(2, "x", 1.0)]), at_rest(base)) == [True, False, True]


def test_parts_of_a_key_do_not_run_into_each_other(tmp_path: Path) -> None:
    base = [(1, "a", 1.0), (11, "a", 1.0), (2, "a\0", 1.0), (3, "b", 1.0)]
    came = [(1, "a", 1.0), (11, "a", 2.0), (2, "a\0", 1.0), (3, "b", 1.0)]
    assert among(over(tmp_path, base, [(3, "b", 1.0)], BOTH), at_rest(came)) == [True, False, True, False]


@pytest.mark.parametrize("base", [[], [(9, "a", 1.0), (1, "a", 1.0)]], ids=["empty", "in no order"])
def test_a_base_that_cannot_tell_leaves_all_to_the_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: list[Row]
) -> None:
    monkeypatch.setattr(unchanged, "_ROWS", 1)
    assert among(over(tmp_path, base), at_rest([(1, "a", 1.0), (2, "a", 1.0)]))[1] is False


@pytest.mark.parametrize("column", [pa.field("weight", pa.float32()), pa.field("height", pa.float64())])
def test_a_snapshot_of_other_columns_is_not_asked(tmp_path: Path, column: pa.Field) -> None:
    was = DataModel("ROWS", SCHEMA.set(2, column), ("id",))
    layers = Layers((RowFile.of(was, "base", 1),), (), 1)
    assert Unchanged.over(layers, ONE, lambda name: tmp_path / name, [].append) is None


CELLS = st.tuples(st.integers(0, 30), st.sampled_from(["a", "b", None]), st.sampled_from([0.0, -0.0, 1.0, None]))
ROWS = st.lists(CELLS, max_size=30, unique_by=lambda row: row[0]).map(lambda rows: sorted(rows, key=lambda row: row[0]))


@given(base=ROWS, came=ROWS.filter(bool), delta=ROWS, size=st.integers(1, 9))
def test_what_is_found_is_there_and_nothing_lies_over_it(
    tmp_path_factory: pytest.TempPathFactory, base: list[Row], came: list[Row], delta: list[Row], size: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(unchanged, "_ROWS", 3)
        left_open: list[pa.Table] = []
        found = over(tmp_path_factory.mktemp("rows"), base, delta, left_open=left_open)
        told = among(found, *(at_rest(came[first : first + size]) for first in range(0, len(came), size)))
        found.close()
    there, touched = {repr(row) for row in base}, {row[0] for row in delta}
    assert told == [repr(row) in there and row[0] not in touched for row in came]
    same = {row[0] for row, is_same in zip(came, told, strict=True) if is_same}
    is_open = [row["c0"] for rows in left_open for row in rows.to_pylist()]
    assert sorted(is_open) == [row[0] for row in base if row[0] not in same]


@given(base=st.permutations(range(20)), came=st.sets(st.integers(0, 25), min_size=1), size=st.integers(1, 9))
def test_each_row_of_a_base_in_any_order_is_found_or_left_open(
    tmp_path_factory: pytest.TempPathFactory, base: list[int], came: set[int], size: int
) -> None:
    rows = [(key, "a", 1.0) for key in sorted(came)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(unchanged, "_ROWS", 3)
        patched.setattr(unchanged, "_MOST_PIECES", 3)
        left_open: list[pa.Table] = []
        found = over(tmp_path_factory.mktemp("rows"), [(key, "a", 1.0) for key in base], left_open=left_open)
        told = among(found, *(at_rest(rows[first : first + size]) for first in range(0, len(rows), size)))
        found.close()
    same = [row[0] for row, is_same in zip(rows, told, strict=True) if is_same]
    assert sorted(same + [row["c0"] for rows in left_open for row in rows.to_pylist()]) == list(range(20))


def in_file(folder: Path, came: Sequence[Row], there: Sequence[Row], model: DataModel = ONE, group: int = 2) -> bool:
    operation = pa.array(["delete" if row[1] == "gone" else "insert" for row in there], pa.string())
    rows = at_rest([(key, code if code != "gone" else "a", weight) for key, code, weight in there])
    pq.write_table(rows.append_column("_op", operation), folder / "newest", row_group_size=group)
    return is_in(at_rest(came), RowFile.of(model, "newest", len(there)), model, lambda name: folder / name)


def test_rows_that_come_again_are_found_in_the_newest_file(tmp_path: Path) -> None:
    there = [(1, "a", 1.5), (2, None, float("nan")), (3, "c", 0.0), (4, "gone", 1.0)]
    assert in_file(tmp_path, [(2, None, float("nan")), (3, "c", 0.0), (3, "c", 0.0)], there)
    for row in ((1, "a", 1.0), (3, "c", -0.0), (3, None, 0.0), (4, "a", 1.0), (9, "a", 1.0)):
        assert not in_file(tmp_path, [(1, "a", 1.5), row], there)
    assert in_file(tmp_path, [(2, None, float("nan"))], there[1:], BOTH) is False
    assert in_file(tmp_path, [(3, "c", 0.0)], there[2:3], BOTH)
    assert not in_file(tmp_path, [], there)


@given(there=ROWS.filter(bool), came=ROWS.filter(bool), group=st.integers(1, 9))
def test_all_is_found_in_a_file_only_where_each_row_is(
    tmp_path_factory: pytest.TempPathFactory, there: list[Row], came: list[Row], group: int
) -> None:
    every = {repr(row) for row in came} <= {repr(row) for row in there}
    found = in_file(tmp_path_factory.mktemp("rows"), came, there, group=group)
    assert found <= every
    if len(there) <= 2 * group:
        assert found == every


KINDS = [
    *(pa.int8(), pa.uint64(), pa.bool_(), pa.string(), pa.binary(), pa.decimal128(38, 9), pa.date32()),
    *(pa.time64("us"), pa.timestamp("us"), pa.timestamp("us", tz="UTC")),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("by_engine", [False, True], ids=["by us", "by the engine"])
def test_rows_are_found_by_a_key_of_any_type(tmp_path: Path, kind: pa.DataType, *, by_engine: bool) -> None:
    model = DataModel("ROWS", pa.schema({"key": kind}), ("key",))
    texts = ["a", "ß" * 50] if pa.types.is_string(kind) or pa.types.is_binary(kind) else ["0", "1"]
    number = pa.int32() if kind == pa.date32() else pa.int64()
    keys = pa.array(texts).cast(number if pa.types.is_temporal(kind) else kind).cast(kind)
    rows = pa.table({"c0": keys, "_part": pa.array(["", ""])})
    if by_engine:
        with opened(tmp_path) as engine:
            engine.register("made", rows)
            engine.write("SELECT * FROM made", tmp_path / "newest")
    else:
        pq.write_table(rows, tmp_path / "newest")
    file = RowFile.of(model, "newest", 2)
    assert is_in(rows, file, model, lambda name: tmp_path / name)
    assert is_in(rows.slice(1), file, model, lambda name: tmp_path / name)


def test_a_moment_that_python_does_not_have_is_found_by_others(tmp_path: Path) -> None:
    model = DataModel("ROWS", pa.schema({"key": pa.timestamp("us")}), ("key",))
    rows = pa.table({"c0": pa.array([2**62]).cast(pa.timestamp("us")), "_part": pa.array([""])})
    pq.write_table(rows, tmp_path / "newest")
    assert not is_in(rows, RowFile.of(model, "newest", 1), model, lambda name: tmp_path / name)


def test_a_run_that_brings_nothing_new_does_without_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(1, 2, 3), cursor=1))
    rig.ok(Batch(rows=[pet(2, "Tom", 2)], deleted=[{"id": 3}], cursor=2))
    with monkeypatch.context() as without:
        without.setattr("duckdb.connect", None)
        done = rig.ok(Batch(rows=[pet(2, "Tom", 2)], cursor=3))
    assert (done.result, done.counts.read) == (RunResult.NO_CHANGES, 1)
    assert rig.head.cursors == {"": 3}
    assert rig.ok(Batch(rows=[pet(3)], cursor=3)).counts.inserted == 1
    assert rig.ok(Batch(rows=[pet(1, "Tom", 3), pet(3)], cursor=3)).counts.updated == 1
    assert rig.held == rig.snapshot == {1: "Tom", 2: "Tom", 3: "Rex"}


def test_a_row_that_was_rejected_and_comes_as_it_was_before_is_owed_no_more(tmp_path: Path) -> None:
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(1, 2, 3), cursor=1))
    rig.ok(Batch(rows=[pet(2, "Tom", "x")], cursor=2))
    assert rig.owed() == {"rejected": [2]}
    rig.ok(Batch(rows=[pet(2)], cursor=2))
    assert rig.owed() == {}


def test_a_full_read_of_which_most_is_known_finds_what_changed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2, 3, 4, 5)))
    done = rig.ok(Batch(rows=[pet(1), pet(2, "Tom")]), whole([pet(4), pet(6)]), request=FULL)
    assert (done.counts.inserted, done.counts.updated, done.counts.deleted) == (1, 1, 2)
    assert rig.held == rig.snapshot == {1: "Rex", 2: "Tom", 4: "Rex", 6: "Rex"}
    assert rig.ok(request=FULL).result is RunResult.NO_CHANGES


def test_a_known_row_that_comes_again_with_other_values_is_rejected_as_ever(tmp_path: Path) -> None:
    """R11: what came first is known from the snapshot alone, and is as good as the other."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2, 3)))
    rig.ok(Batch(rows=pets(1, 2)), whole([pet(2, "Tom"), pet(3)]), request=FULL)
    assert rig.owed() == {"rejected": [2]}
    assert rig.held == rig.snapshot == {1: "Rex", 2: "Rex", 3: "Rex"}
    rig.ok(Batch(rows=pets(1, 2)), whole(pets(2, 3)), request=FULL)
    assert rig.owed() == {}


def test_a_known_row_that_is_gone_a_batch_later_is_gone(tmp_path: Path) -> None:
    """R11: the later batch wins."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2, 3)))
    rig.ok(Batch(rows=pets(1, 2, 3)), whole([], deleted=[{"id": 2}]), request=FULL)
    assert set(rig.held) == {1, 3}


def test_a_read_that_broke_off_among_known_rows_goes_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2, 3, 4)))
    failed = rig.run(Batch(rows=pets(1, 2), position=2), TransientError("the line is dead"), request=FULL)
    assert failed.error
    rig.ok(whole([pet(1), pet(2), pet(3, "Tom"), pet(4)]), request=FULL)
    assert rig.held == {1: "Rex", 2: "Rex", 3: "Tom", 4: "Rex"}
