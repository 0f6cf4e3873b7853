"""Nothing, one row, many small runs, many rows: P2.26, R4."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pytest

from syncline import Batch, Limits, RunResult, diff, snapshot
from tests.domain.rig import FULL, PETS, Rig, pet, pets, whole


def test_an_empty_first_sync_ends_well(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    done = rig.ok(whole([]))
    assert (done.result, rig.loads, rig.head.is_new) == (RunResult.NO_CHANGES, 0, False)
    rig.ok(whole(pets(1)))
    assert rig.held == rig.snapshot == {1: "Rex"}


def test_one_row_comes_changes_and_goes(tmp_path: Path) -> None:
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(1), cursor=1))
    rig.ok(Batch(rows=[pet(1, "Tom", 2)], cursor=2))
    assert rig.held == {1: "Tom"}
    rig.ok(Batch(deleted=[{"id": 1}], cursor=3))
    assert (rig.held, rig.snapshot, rig.head.sent.rows) == ({}, {}, 0)
    rig.ok(Batch(rows=pets(1), cursor=4))
    assert rig.held == rig.sent == {1: "Rex"}


def test_many_small_runs_keep_few_files(tmp_path: Path) -> None:
    """R4: each adds a delta, and now and then they are folded."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(*range(5)), cursor=0))
    for run in range(1, snapshot.MOST_DELTAS + 4):
        rig.ok(Batch(rows=[pet(run % 5, f"Tom {run}", run), pet(100 + run, version=run)], cursor=run))
    assert len(rig.head.snapshot.deltas) <= snapshot.MOST_DELTAS
    assert len(rig.head.snapshot.base) == 1
    assert rig.snapshot == rig.sent == rig.held
    assert len(rig.held) == rig.head.snapshot.rows == 5 + snapshot.MOST_DELTAS + 3
    assert rig.ok(whole([pet(id, name) for id, name in rig.held.items()]), request=FULL).counts.inserted == 0


@pytest.mark.parametrize("step", [1, -1], ids=["in the order of the key", "in another order"])
def test_two_hundred_thousand_rows_take_seconds(tmp_path: Path, step: int) -> None:
    """The rows are read and compared; only what changed goes to the destination."""
    count = 200_000
    ids = pa.array(range(count)[::step], pa.int64())
    rows = pa.table([ids, ids.cast(pa.string()), ids], schema=PETS)
    rig = Rig(tmp_path)
    began = time.process_time()
    rig.destination = None
    rig.ok(*(Batch(rows=batch) for batch in rows.to_batches(max_chunksize=20_000)), Batch(complete=True))
    done = rig.ok(Batch(rows=rows.slice(1)), Batch(complete=True))
    assert (done.counts.read, done.counts.deleted, done.counts.inserted) == (count - 1, 1, 0)
    assert rig.head.snapshot.rows == count - 1
    assert time.process_time() - began < 5


@pytest.mark.parametrize("key", [("id",), ("name", "id")])
def test_comparing_in_slices_is_comparing_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: tuple[str, ...]
) -> None:
    """Slices share the rows among them: none is left out, none is compared twice."""
    monkeypatch.setattr(diff, "SLICE_ROWS", 7)
    rig = Rig(tmp_path, key=key, limits=Limits(deleted=1.0))
    rows = [pet(i, name) for name in ("Émile", "Rex", "it's", "🐟") for i in range(-20, 20)]
    rows.sort(key=lambda row: [str(row["name"]).encode(), row["id"]] if key[0] == "name" else [row["id"]])
    if key == ("id",):
        rows = [row for row in rows if row["name"] == "Rex"]
    rig.ok(whole(rows))
    after = [{**row, "version": 2} if row["id"] % 5 == 0 else row for row in rows if row["id"] % 7]
    done = rig.ok(whole(after), request=FULL)
    changed = sum(row["id"] % 5 == 0 for row in after)
    assert (done.counts.inserted, done.counts.updated, done.counts.deleted) == (0, changed, len(rows) - len(after))
    order = {tuple(row[column] for column in key): row for row in after}
    assert rig.destination.rows == order
