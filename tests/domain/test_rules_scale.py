"""Nothing, one row, many small runs, many rows: P2.26, R4."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pytest

from syncline import Batch, RunResult, snapshot
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
