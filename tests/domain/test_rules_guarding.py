"""Deletions that wait, and how they are let go: R25 and R26."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline import Batch, Limits, Request, RunResult, RunStatus
from tests.domain.rig import ALL_AGAIN, Rig, pet, pets, whole

TEN = range(1, 11)


def ten(folder: Path, **sync: object) -> Rig:
    """A model of which ten rows are at the destination."""
    rig = Rig(folder, **sync)
    rig.ok(whole(pets(*TEN)))
    return rig


def test_over_the_limit_all_deletions_wait_and_upserts_go_on(tmp_path: Path) -> None:
    """R25, Invariant 4."""
    rig = ten(tmp_path)
    done = rig.ok(whole([pet(1, "Tom"), *pets(2, 3, 4, 5, 6), pet(11)]))
    assert set(rig.held) == {*TEN, 11}
    assert rig.held[1] == "Tom"
    assert rig.owed() == {"withheld": [7, 8, 9, 10]}
    counts = done.counts
    assert (counts.inserted, counts.updated, counts.deleted, counts.withheld) == (1, 1, 0, 4)
    assert (done.status, done.result) == (RunStatus.SUCCEEDED, RunResult.PARTIAL)
    assert "30%" in rig.reason("withheld")


def test_at_the_limit_they_go(tmp_path: Path) -> None:
    """R25: three of ten are not more than 30 %."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(*range(1, 8))))
    assert set(rig.held) == set(range(1, 8))
    assert not rig.head.owed


def test_of_few_rows_the_share_does_not_count(tmp_path: Path) -> None:
    """R25: nine are under `at_least`."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(*range(9))))
    rig.ok(whole(pets(0)))
    assert set(rig.held) == {0}


def test_the_limit_is_the_models_own(tmp_path: Path) -> None:
    """R25."""
    rig = ten(tmp_path, limits=Limits(deleted=0.0, at_least=1))
    rig.ok(whole(pets(*range(1, 10))))
    assert rig.owed() == {"withheld": [10]}


@pytest.mark.parametrize("rows", [1, 10])
def test_an_empty_read_of_what_was_not_empty_waits(tmp_path: Path, rows: int) -> None:
    """R25: however few they were."""
    rig = Rig(tmp_path, limits=Limits(deleted=1.0))
    rig.ok(whole(pets(*range(rows))))
    rig.ok(whole([]))
    assert len(rig.held) == rows
    assert rig.owed() == {"withheld": list(range(rows))}
    assert "empty" in rig.reason("withheld")


def test_a_read_of_unfit_rows_only_is_not_empty(tmp_path: Path) -> None:
    """R25, R3: nothing is absent."""
    rig = Rig(tmp_path, limits=Limits(rejected=1.0))
    rig.ok(whole(pets(1)))
    rig.ok(whole([pet(1, version="many")]))
    assert rig.owed() == {"rejected": [1]}


def test_what_waits_goes_on_waiting_though_few_go_later(tmp_path: Path) -> None:
    """R25: none of them gets through in the shadow of a harmless run."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(*range(1, 7), *range(20, 40))))
    done = rig.ok(whole(pets(*range(1, 6), *range(20, 40))))
    assert (done.counts.deleted, done.counts.withheld) == (1, 4)
    assert set(rig.held) == {*TEN, *range(20, 40)} - {6}
    rig.ok(request=ALL_AGAIN)
    assert rig.owed() == {"withheld": [7, 8, 9, 10]}


def test_what_waits_and_what_is_new_count_together(tmp_path: Path) -> None:
    """R25."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(*range(1, 7))))
    rig.ok(whole(pets(1, 2)))
    assert set(rig.held) == set(TEN)
    assert rig.owed() == {"withheld": list(range(3, 11))}


def test_what_comes_back_waits_no_more(tmp_path: Path) -> None:
    """R25, R2."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(*range(1, 7))))
    done = rig.ok(whole(pets(*TEN)))
    assert (rig.owed(), done.result, rig.store.entries("zoo")) == ({}, RunResult.NO_CHANGES, [])
    assert rig.loads == 1


def test_a_row_that_comes_back_changed_is_an_update(tmp_path: Path) -> None:
    """R25, R2: the destination still has it."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(*range(1, 7))))
    done = rig.ok(whole([*pets(*range(1, 10)), pet(10, "Tom")]))
    assert (done.counts.inserted, done.counts.updated, rig.held[10]) == (0, 1, "Tom")


def test_deletions_named_by_the_source_wait_too(tmp_path: Path) -> None:
    """R25."""
    rig = ten(tmp_path, cursor="version")
    rig.ok(whole(pets(*TEN), cursor=1))
    rig.ok(Batch(deleted=[{"id": id} for id in range(1, 6)]))
    assert rig.owed() == {"withheld": [1, 2, 3, 4, 5]}


def test_approved_deletions_go(tmp_path: Path) -> None:
    """R26."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(1)))
    asked = len(rig.asked)
    done = rig.approve()
    assert (rig.held, rig.sent, rig.owed()) == ({1: "Rex"}, {1: "Rex"}, {})
    assert (done.counts.deleted, done.result, len(rig.asked)) == (9, RunResult.SUCCESS, asked)


def test_an_approval_covers_what_was_shown_and_nothing_newer(tmp_path: Path) -> None:
    """R26: what was held back since goes on waiting."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(*range(1, 7))))
    shown = rig.head.owed_list
    rig.ok(whole(pets(1, 2)))
    rig.approve(shown)
    assert set(rig.held) == {1, 2, 3, 4, 5, 6}
    assert rig.owed() == {"withheld": [3, 4, 5, 6]}


def test_an_approval_spares_what_came_back(tmp_path: Path) -> None:
    """R26."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(*range(1, 7))))
    shown = rig.head.owed_list
    rig.ok(whole(pets(*range(1, 9))))
    rig.approve(shown)
    assert set(rig.held) == set(range(1, 9)) == set(rig.snapshot)


def test_an_approval_deletes_nothing_that_was_not_shown(tmp_path: Path) -> None:
    """R26: it reads nothing, so it says nothing of other rows; also where reads are full ones."""
    rig = ten(tmp_path)
    rig.ok(Batch(rows=pets(*range(1, 9))))
    rig.approve()
    assert set(rig.held) == set(rig.snapshot) == set(range(1, 9))


def test_an_approval_covers_absent_rows_and_the_snapshot_keeps_them_until_then(tmp_path: Path) -> None:
    """R26."""
    rig = ten(tmp_path)
    rig.ok(Batch(rows=pets(1)))
    assert len(rig.snapshot) == 10
    assert rig.owed() == {"absent": list(range(2, 11))}
    rig.approve()
    assert rig.snapshot == rig.held == {1: "Rex"}
    assert rig.owed() == {}


def test_an_approval_spares_absent_rows_that_came_back(tmp_path: Path) -> None:
    """R26."""
    rig = ten(tmp_path)
    rig.ok(Batch(rows=pets(1)))
    shown = rig.head.owed_list
    rig.ok(Batch(rows=pets(1, 2)))
    rig.approve(shown)
    assert set(rig.snapshot) == set(rig.held) == {1, 2}


def test_a_row_approved_and_then_absent_for_sure_waits_for_no_one(tmp_path: Path) -> None:
    """R26: a list may be approved twice, the second time it does nothing."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(1)))
    shown = rig.head.owed_list
    rig.approve(shown)
    assert rig.approve(shown).result is RunResult.NO_CHANGES


def test_an_approval_of_what_was_never_shown_is_refused(tmp_path: Path) -> None:
    """R26."""
    rig = ten(tmp_path)
    rig.ok(whole(pets(1)))
    done = rig.run(request=Request(approve={"PETS": "000000000001-PETS"}))
    assert "no list" in done.error
    assert set(rig.held) == set(TEN)


def test_rows_refused_beside_those_that_wait_can_still_be_approved(tmp_path: Path) -> None:
    """R26, R19: the list then has both."""
    rig = ten(tmp_path)
    rig.destination.refused.add((11,))
    rig.ok(whole(pets(1, 11)))
    assert rig.owed() == {"refused": [11], "withheld": list(range(2, 11))}
    rig.approve()
    assert (rig.held, rig.owed()) == ({1: "Rex"}, {"refused": [11]})
