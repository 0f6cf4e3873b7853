"""What a read says, and what it does not: R6 to R11."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncline import Batch, Limits, Read, Rejection, Request, RunResult, RunStatus, SyncMode, TransientError
from syncline.patience import patient
from syncline.pipeline import Steps, extract
from syncline.testing.memory import MemorySource
from tests.domain.rig import FULL, Rig, pet, pets, whole

DEAD = TransientError("the line is dead", retry_after=0.001)
STUBBORN = Steps(extract=lambda work: patient(lambda: extract(work)))
SINCE = Request.parse({"data_models_to_sync": [{"data_model": "PETS", "sync_from": "2023-01-01"}]})
FREE = Limits(deleted=1.0, rejected=1.0)


def test_the_source_is_told_all_it_needs(tmp_path: Path) -> None:
    """R6."""
    rig = Rig(tmp_path, cursor="version", overlap=timedelta(hours=1))
    rig.ok(whole(pets(1), part="a", cursor=7))
    rig.ok()
    rig.ok(request=SINCE)
    first, second, third = rig.asked
    assert (first.mode, first.since, first.origin, first.cursor_field) == (SyncMode.FULL, {}, "pets", "version")
    assert (second.mode, second.since, second.overlap) == (SyncMode.INCREMENTAL, {"a": 7}, timedelta(hours=1))
    assert (third.mode, third.since) == (SyncMode.FROM_DATE, {})
    assert third.from_date == datetime(2023, 1, 1, tzinfo=UTC)


def test_a_read_not_proven_complete_deletes_nothing(tmp_path: Path) -> None:
    """R7, Invariant 3: a source that swallows an error."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    done = rig.ok(Batch(rows=pets(1)))
    assert rig.held == rig.snapshot == {1: "Rex", 2: "Rex"}
    assert rig.owed() == {"absent": [2]}
    assert done.result is RunResult.PARTIAL


def test_the_last_batch_of_a_part_says_whether_it_is_complete(tmp_path: Path) -> None:
    """R7."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    rig.ok(whole(pets(1)), Batch(rows=[]))
    assert rig.held == {1: "Rex", 2: "Rex"}


def test_absence_counts_for_complete_parts_only(tmp_path: Path) -> None:
    """R7."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2), part="a"), whole(pets(3, 4), part="b"))
    rig.ok(whole(pets(1), part="a"), Batch(rows=pets(3), part="b"))
    assert set(rig.held) == {1, 3, 4}
    assert rig.owed() == {"absent": [4]}


def test_a_row_that_moved_to_another_part_is_not_absent(tmp_path: Path) -> None:
    """R7."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2), part="a"), whole(pets(3), part="b"))
    done = rig.ok(whole(pets(1), part="a"), whole(pets(2, 3), part="b"))
    assert set(rig.held) == {1, 2, 3}
    assert done.counts.deleted == 0


def test_an_incremental_read_proves_no_absence(tmp_path: Path) -> None:
    """R7."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(1, 2), cursor=1))
    rig.ok(whole(pets(3), cursor=1))
    assert set(rig.held) == {1, 2, 3}


def test_a_model_without_a_cursor_is_read_in_full_each_time(tmp_path: Path) -> None:
    """R7."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    done = rig.ok(whole(pets(1)))
    assert [read.mode for read in rig.asked] == [SyncMode.FULL, SyncMode.FULL]
    assert (done.mode, rig.held) == ("full", {1: "Rex"})


def test_a_read_that_breaks_off_deletes_nothing(tmp_path: Path) -> None:
    """R7, Invariant 3."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    before = rig.head
    done = rig.run(whole(pets(1)), DEAD)
    assert done.status is RunStatus.FAILED
    assert (rig.head, rig.held) == (before, {1: "Rex", 2: "Rex"})


@dataclass(frozen=True)
class KeyedSource(MemorySource):
    """Its positions are keys."""

    positions_are_keys = True


def resuming(request: Read) -> list[Batch | BaseException]:
    """It breaks after its first row, whose position it gives."""
    if request.position:
        assert request.position == {"": 1}
        return [whole(pets(2))]
    return [Batch(rows=pets(1), position=1), DEAD]


@pytest.mark.parametrize(("kind", "left"), [(MemorySource, {1, 2, 3}), (KeyedSource, {1, 2})])
def test_a_resumed_read_is_complete_only_if_positions_are_keys(
    tmp_path: Path, kind: type[MemorySource], left: set[int]
) -> None:
    """R7."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2, 3)))
    rig.source, rig.said = kind(rig.answer), resuming
    done = rig.run(steps=STUBBORN)
    assert (done.error, done.counts.read) == ("", 2)
    assert set(rig.held) == left


def test_after_a_break_without_a_position_the_read_starts_anew(tmp_path: Path) -> None:
    """R7: what came before the break does not count twice, nor at all."""
    rig = Rig(tmp_path)
    rig.said = lambda _: [whole(pets(2))] if len(rig.asked) > 1 else [Batch(rows=pets(1)), DEAD]
    assert not rig.run(steps=STUBBORN).error
    assert rig.held == {2: "Rex"}


def test_each_part_has_its_cursor_kept_as_it_was_given(tmp_path: Path) -> None:
    """R8."""
    rig = Rig(tmp_path, cursor="version")
    text = "2026-01-01 00:00:00.1234567+02"
    rig.ok(whole(pets(1), part="a", cursor=text), whole(pets(2), part="b", cursor={"lsn": [1, 2]}))
    rig.ok(Batch(rows=[], part="b", cursor=9))
    rig.ok()
    assert rig.asked[1].since == {"a": text, "b": {"lsn": [1, 2]}}
    assert rig.asked[2].since == {"a": text, "b": 9}


def test_repeats_within_the_overlap_are_dropped(tmp_path: Path) -> None:
    """R9, Invariant 11."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole([pet(1), pet(2, version=5)], cursor=5))
    done = rig.ok(Batch(rows=[pet(2, version=5)], cursor=5))
    assert (done.result, done.counts.read, done.counts.late) == (RunResult.NO_CHANGES, 1, 0)
    assert rig.loads == 1


def test_late_rows_are_caught_and_counted(tmp_path: Path) -> None:
    """R9."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole([pet(1, version=5)], cursor=5))
    done = rig.ok(Batch(rows=[pet(2, version=4), pet(3, version=5), pet(4, version=6)], cursor=6))
    assert done.counts.late == 1
    assert set(rig.held) == {1, 2, 3, 4}


def test_a_from_date_run_moves_no_cursor_and_removes_nothing(tmp_path: Path) -> None:
    """R10."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(whole(pets(1, 2), cursor=1))
    rig.ok(whole([pet(2, "Tom", 9)], cursor=9), request=SINCE)
    assert rig.held == {1: "Rex", 2: "Tom"}
    assert rig.head.cursors == {"": 1}
    assert not rig.head.owed


def test_a_from_date_run_sets_the_first_cursor(tmp_path: Path) -> None:
    """R10."""
    rig = Rig(tmp_path, cursor="version")
    rig.ok(Batch(rows=pets(1), cursor=3), request=SINCE)
    assert rig.head.cursors == {"": 3}
    rig.ok()
    assert rig.asked[-1].mode is SyncMode.INCREMENTAL


def test_equal_repeats_of_a_row_collapse(tmp_path: Path) -> None:
    """R11."""
    rig = Rig(tmp_path, limits=FREE)
    done = rig.ok(Batch(rows=pets(1, 1)), whole(pets(2, 1)))
    assert (done.counts.inserted, done.counts.rejected) == (2, 0)


def test_in_the_order_of_the_cursor_the_later_row_wins(tmp_path: Path) -> None:
    """R11."""
    rig = Rig(tmp_path)
    rig.ok(Batch(rows=[pet(1, "old"), pet(1, "new")], ordered=True), whole([pet(1, "newest")], ordered=True))
    assert rig.held == {1: "newest"}


def test_otherwise_all_rows_of_a_doubled_key_are_rejected_by_name(tmp_path: Path) -> None:
    """R11: and the key is present."""
    rig = Rig(tmp_path, limits=FREE)
    rig.ok(whole(pets(1, 2)))
    done = rig.ok(whole([pet(1, "one"), pet(1, "two"), pet(3)]))
    assert rig.held == {1: "Rex", 3: "Rex"}
    assert (done.counts.rejected, done.counts.deleted) == (1, 1)
    assert rig.owed() == {"rejected": [1]}
    assert "more than once" in rig.reason("rejected")


def test_a_null_key_rejects_that_row_only(tmp_path: Path) -> None:
    """R11: its part is still complete, for the key was read: it is empty."""
    rig = Rig(tmp_path, limits=FREE)
    rig.ok(whole(pets(1, 2, 3)))
    rig.ok(whole([pet(1, "Tom"), pet(None), pet(2)]))
    assert rig.held == {1: "Tom", 2: "Rex"}
    assert rig.owed() == {"rejected": [None]}


def test_a_key_that_cannot_be_read_makes_its_part_incomplete(tmp_path: Path) -> None:
    """R11."""
    rig = Rig(tmp_path, limits=FREE)
    rig.ok(whole(pets(1, 2), part="a"), whole(pets(3, 4), part="b"))
    rig.ok(whole([pet(1), pet("two")], part="a"), whole(pets(3), part="b"))
    assert set(rig.held) == {1, 2, 3}


def test_of_a_key_brought_and_deleted_the_later_batch_wins(tmp_path: Path) -> None:
    """R11."""
    rig = Rig(tmp_path, cursor="version", limits=FREE)
    rig.ok(whole(pets(1, 2), cursor=1))
    gone = [{"id": 1}]
    rig.ok(Batch(deleted=gone), Batch(rows=[pet(1, "back")]), Batch(rows=[pet(2, "x")]), Batch(deleted=[{"id": 2}]))
    assert rig.held == {1: "back"}


def test_within_one_batch_that_is_an_error(tmp_path: Path) -> None:
    """R11."""
    rig = Rig(tmp_path)
    done = rig.run(Batch(rows=pets(1), deleted=[{"id": 1}]))
    assert "both brings and deletes the key [1]" in done.error
    assert rig.loads == 0


@pytest.mark.parametrize("kind", ["unfit", "doubled", "inexpressible"])
@pytest.mark.parametrize(("bad", "stops"), [(2, False), (3, True)])
def test_over_the_limit_of_rejected_rows_the_run_stops_before_load(
    tmp_path: Path, kind: str, bad: int, *, stops: bool
) -> None:
    """R11: 10 % of 20 rows read."""
    rig = Rig(tmp_path)
    good = pets(*range(10, 30 - (2 if kind == "doubled" else 1) * bad))
    spoilt = [pet(id, version="many" if kind == "unfit" else 1) for id in range(bad)]
    if kind == "doubled":
        spoilt += [pet(id, "other") for id in range(bad)]
    unsaid = tuple(Rejection({"id": row["id"]}, "no words") for row in spoilt) if kind == "inexpressible" else ()
    done = rig.run(whole([*good, *([] if unsaid else spoilt)], rejected=unsaid), request=FULL)
    assert (done.status is RunStatus.FAILED, rig.loads) == ((True, 0) if stops else (False, 1))
    assert not stops or f"{bad} of 20 rows (15.0%)" in done.error


def test_rejected_rows_are_asked_for_again_where_the_source_can(tmp_path: Path) -> None:
    """R9, Invariant 9."""
    rig = Rig(tmp_path, cursor="version", limits=FREE)
    rig.ok(whole([pet(1), pet(2, version="many")], cursor=1))
    rig.ok(Batch(rows=[]))
    assert rig.asked[1].again.to_pylist() == [{"id": 2}]


@pytest.mark.parametrize("rereads", [True, False])
def test_the_cursor_does_not_pass_a_rejected_row_that_would_not_be_read_again(tmp_path: Path, *, rereads: bool) -> None:
    """Invariant 9."""
    rig = Rig(tmp_path, cursor="version", limits=FREE)
    rig.source = type("Again", (MemorySource,), {"rereads": rereads})(rig.answer)
    rig.ok(whole(pets(1), cursor=1))
    rig.ok(Batch(rows=[pet(2, version="many")], cursor=2))
    assert rig.head.cursors == {"": 2 if rereads else 1}


def test_a_rejected_row_that_comes_twice_is_owed_once(tmp_path: Path) -> None:
    """R9: by the cursor's edge, and asked for again. Rows without a key are told apart by nothing."""
    rig = Rig(tmp_path)
    unfit = pet(7, version="late")
    rig.ok(whole([*pets(*range(40)), unfit, unfit, pet(None), pet(None)]))
    assert rig.owed()["rejected"] == [None, None, 7]
