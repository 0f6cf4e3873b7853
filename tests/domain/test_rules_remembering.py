"""What is remembered of a model, and what becomes of it when settings change: R1 to R5."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from syncline import Batch, Read, Request, RunResult, RunStatus, Secret, Source, SyncMode, Target, snapshot
from syncline.pipeline import tidy
from tests.domain.rig import FULL, Rig, pet, pets, whole

SINCE = Request.parse({"data_models_to_sync": [{"data_model": "PETS", "sync_from": "2023-01-01"}]})


def test_what_was_sent_is_the_snapshots_own_files_while_nothing_is_owed(tmp_path: Path) -> None:
    """R1."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    assert rig.head.sent == rig.head.snapshot
    rig.ok(whole([pet(1, "Tom"), pet(2)]))
    assert rig.head.sent == rig.head.snapshot


def test_each_row_of_the_snapshot_knows_its_part(tmp_path: Path) -> None:
    """R1: a part that ends well says nothing of the rows of another."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1), part="a"), whole(pets(2), part="b"))
    rig.ok(whole([], part="a"), Batch(rows=[pet(3)], part="b"))
    assert rig.snapshot == {2: "Rex", 3: "Rex"}


def test_what_the_destination_did_not_take_is_not_in_sent(tmp_path: Path) -> None:
    """R2, R1."""
    rig = Rig(tmp_path)
    rig.destination.refused.add((2,))
    rig.ok(whole(pets(1, 2)))
    assert rig.snapshot == {1: "Rex", 2: "Rex"}
    assert rig.sent == rig.held == {1: "Rex"}


def test_owed_keys_are_tried_though_nothing_changed_at_the_source(tmp_path: Path) -> None:
    """R2, R19, Invariant 9."""
    rig = Rig(tmp_path)
    rig.destination.refused.add((2,))
    rig.ok(whole(pets(1, 2)))
    rig.ok()
    assert rig.loads == 2
    rig.destination.refused.clear()
    rig.ok()
    assert rig.held == rig.sent == {1: "Rex", 2: "Rex"}
    assert not rig.head.owed


def test_a_row_that_does_not_fit_is_not_in_the_snapshot_and_not_absent(tmp_path: Path) -> None:
    """R3, Invariant 9."""
    rig = Rig(tmp_path)
    rig.ok(whole([pet(id) for id in range(20)]))
    rows = [pet(id, version="many" if id == 7 else 1) for id in range(21) if id != 3]
    done = rig.ok(whole(rows))
    assert (done.counts.rejected, done.counts.deleted, done.result) == (1, 1, RunResult.PARTIAL)
    assert rig.held[7] == rig.snapshot[7] == "Rex"
    assert rig.owed() == {"rejected": [7]}


def test_a_row_that_never_fitted_never_enters_the_snapshot(tmp_path: Path) -> None:
    """R3, Invariant 8."""
    rig = Rig(tmp_path)
    rig.ok(whole([pet(1), pet(2, version="many")]))
    assert rig.snapshot == rig.held == {1: "Rex"}


def test_a_missing_file_of_the_snapshot_is_an_error(tmp_path: Path) -> None:
    """R4: it is never an empty snapshot."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    rig.storage.path(rig.head.snapshot.base[0].name).unlink()
    done = rig.run(whole(pets(1)))
    assert done.status is RunStatus.FAILED
    assert "is missing from" in done.error
    assert rig.held == {1: "Rex", 2: "Rex"}


def test_a_missing_list_of_what_is_owed_is_an_error(tmp_path: Path) -> None:
    """R4."""
    rig = Rig(tmp_path)
    rig.destination.refused.add((2,))
    rig.ok(whole(pets(1, 2)))
    rig.storage.path(rig.head.owed.name).unlink()
    assert "is missing from" in rig.run().error


def test_folding_keeps_the_rows_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R4."""
    monkeypatch.setattr(snapshot, "MOST_DELTAS", 2)
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    for step in range(2, 7):
        rig.ok(whole([*pets(1), pet(2, f"Tom {step}"), pet(step + 1)]))
        assert rig.snapshot == rig.held == rig.sent
        assert rig.head.snapshot.rows == len(rig.held)
    assert len(rig.head.snapshot.deltas) < 3


def test_old_files_go_only_after_a_grace_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R4: who began to read the old ones may finish."""
    monkeypatch.setattr(snapshot, "MOST_DELTAS", 0)
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    rig.ok(whole(pets(1, 2, 3)))
    old = rig.storage.path(rig.head.snapshot.base[0].name)
    long_ago(old)
    rig.ok(whole(pets(1, 2, 3, 4)))
    assert rig.head.snapshot.base[0].name not in old.as_posix()
    assert old.exists()
    long_ago(old)
    rig.ok(whole(pets(1, 2, 3, 4, 5)))
    assert not old.exists()


def long_ago(file: Path) -> None:
    """As if the file's folder had been written before the grace time."""
    then = time.time() - tidy.GRACE_SECONDS - 1
    os.utime(file.parent, (then, then))


def test_nothing_that_the_head_names_ever_goes(tmp_path: Path) -> None:
    """R4."""
    rig = Rig(tmp_path)
    rig.destination.refused.add((4,))
    for last in range(2, 6):
        rig.ok(whole(pets(*range(1, last))))
        for folder in (rig.storage.root / "data/default/zoo/PETS").iterdir():
            os.utime(folder, (0, 0))
    rig.ok(whole(pets(1, 2)))
    assert rig.snapshot == {1: "Rex", 2: "Rex"}


def test_a_first_extract_in_the_order_of_the_key_is_the_base_as_it_is(tmp_path: Path) -> None:
    """R4."""
    rig = Rig(tmp_path)
    rig.ok(Batch(rows=pets(1, 2)), whole(pets(3, 4)))
    assert [Path(file.name).name for file in rig.head.snapshot.files] == ["extract-0.parquet"]


@pytest.mark.parametrize("last", [[2], [3, 3], [1]], ids=["falls", "doubled", "back to the first"])
def test_a_first_extract_in_another_order_is_not_the_base(tmp_path: Path, last: list[int]) -> None:
    """R4."""
    rig = Rig(tmp_path)
    rig.ok(Batch(rows=pets(1, 3)), whole(pets(*last)))
    assert [Path(file.name).name for file in rig.head.snapshot.files] == ["delta.parquet"]
    assert rig.snapshot == rig.held == dict.fromkeys({1, 3, *last}, "Rex")


@pytest.mark.parametrize(
    "changed", [{"origin": "cats"}, {"cursor": "id"}, {"columns": Rig.columns("id", "version")}], ids=str
)
def test_when_it_is_read_otherwise_the_next_read_is_full(tmp_path: Path, changed: dict[str, object]) -> None:
    """R5."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(1, 2), cursor=1))
    rig.ok()
    rig.sync = replace(rig.sync, **changed)
    rig.ok(whole(pets(1, 2), cursor=1))
    rig.ok()
    assert [read.mode for read in rig.asked] == [SyncMode.FULL, SyncMode.INCREMENTAL, SyncMode.FULL, "incremental"]


@pytest.mark.parametrize("between", ["approval", "from a date"])
def test_what_is_no_whole_read_does_not_stand_for_the_full_one(tmp_path: Path, between: str) -> None:
    """R5, R10, R26: neither an approval nor a run from a date has read everything anew."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(1, 2), cursor=1))
    rig.ok(Batch(rows=pets(1), cursor=1), request=FULL)
    rig.sync = replace(rig.sync, origin="cats")
    if between == "approval":
        rig.approve()
    else:
        rig.ok(Batch(rows=[pet(3)]), request=SINCE)
    rig.ok(whole(pets(1), cursor=1))
    assert rig.asked[-1].mode is SyncMode.FULL


def test_another_table_is_filled_from_the_snapshot(tmp_path: Path) -> None:
    """R5: replay."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(1, 2), cursor=1))
    rig.destination.rows.clear()
    rig.sync = replace(rig.sync, target=Target("other"))
    done = rig.ok(Batch(rows=[], cursor=1))
    assert done.counts.inserted == 2
    assert rig.held == rig.sent == {1: "Rex", 2: "Rex"}
    assert rig.ok().result is RunResult.NO_CHANGES


@dataclass(frozen=True)
class Guarded(Source):
    """A source with a password."""

    table: str
    password: Secret

    def read(self, request: Read) -> list[Batch]:
        del request
        return [whole(pets(1))]


def test_a_new_password_is_no_new_source(tmp_path: Path) -> None:
    """R5: secrets are in no fingerprint."""
    rig = Rig(tmp_path)
    rig.source = Guarded("pets", Secret("old"))
    rig.ok()
    before = rig.head
    rig.source = Guarded("pets", Secret("new"))
    rig.ok()
    assert rig.head == before
    rig.source = Guarded("cats", Secret("new"))
    rig.ok()
    assert rig.head.read != before.read


def test_a_model_taken_out_of_the_file_keeps_its_head_until_it_is_forgotten(tmp_path: Path) -> None:
    """R5."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1)))
    pets_sync, rig.sync = rig.sync, replace(rig.sync, name="CATS")
    rig.ok()
    rig.sync = pets_sync
    assert rig.ok(request=FULL).result is RunResult.NO_CHANGES
    rig.store.forget("zoo", "PETS")
    assert rig.head.is_new


def test_a_key_that_changed_is_refused(tmp_path: Path) -> None:
    """R5, R15: rows that are there under another key would never go."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1)))
    rig.sync = replace(rig.sync, key=("name",))
    assert "forget zoo PETS" in rig.run().error
