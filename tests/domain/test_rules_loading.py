"""What happens at the destination: R12, R19 to R21."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from syncline import (
    Destination,
    LeaseLost,
    Limits,
    Load,
    Publication,
    Rejection,
    Request,
    RunResult,
    Target,
)
from syncline.connector import OnDelete
from syncline.pipeline import Loaded, Plan, Steps, Work, diff, extract, load, publish, transform
from syncline.store import open_store
from tests.domain.death import Killed, dying
from tests.domain.rig import ALL_AGAIN, USUAL, Rig, keeping, pet, pets, whole

CAREFUL = Limits(deleted=0.3, at_least=2)


@dataclass(frozen=True)
class Asked(Destination):
    """It notes what it is asked."""

    loads: list[Load] = field(default_factory=list)
    prepared: list[Target] = field(default_factory=list)

    def identity(self) -> str:
        return "asked"

    def prepare(self, model: object, target: Target) -> None:
        self.prepared.append(target)

    def load(self, request: Load) -> list[Rejection]:
        self.loads.append(request)
        return []


@pytest.mark.parametrize("on_delete", ["delete", "soft", "ignore"])
def test_the_destination_is_told_what_becomes_of_rows_that_are_gone(tmp_path: Path, on_delete: OnDelete) -> None:
    """R12."""
    rig = Rig(tmp_path, target=Target("pets", on_delete))
    rig.destination = Asked()
    rig.ok(whole(pets(1)))
    assert rig.destination.loads[0].target.on_delete == on_delete


def test_the_table_is_made_before_the_load_even_for_no_rows(tmp_path: Path) -> None:
    """R22."""
    rig = Rig(tmp_path)
    rig.destination = Asked()
    rig.ok(whole([]))
    assert (rig.destination.prepared, rig.destination.loads) == ([Target("pets")], [])
    rig.ok(whole([]))
    assert len(rig.destination.prepared) == 1


def test_refused_rows_are_owed_and_the_others_are_in(tmp_path: Path) -> None:
    """R19."""
    rig = Rig(tmp_path)
    rig.destination.refused.update({(2,), (3,)})
    done = rig.ok(whole(pets(1, 2, 3)))
    assert rig.held == rig.sent == {1: "Rex"}
    assert rig.owed() == {"refused": [2, 3]}
    assert (done.counts.inserted, done.counts.rejected, done.result) == (1, 2, RunResult.PARTIAL)
    (entry,) = rig.store.entries("zoo")
    assert (entry.kind, entry.count, entry.sample) == ("refused", 2, ("2", "3"))


def test_refused_rows_are_tried_in_each_run_and_closed_when_they_pass(tmp_path: Path) -> None:
    """R19, P6.9."""
    rig = Rig(tmp_path)
    rig.destination.refused.add((2,))
    for runs in range(1, 4):
        assert rig.ok(whole(pets(1, 2))).result is RunResult.PARTIAL
        assert rig.loads == runs
    assert len(rig.store.entries("zoo")) == 1
    rig.destination.refused.clear()
    assert rig.ok().result is RunResult.SUCCESS
    assert (rig.owed(), rig.store.entries("zoo")) == ({}, [])
    (entry,) = rig.store.entries("zoo", closed=True)
    assert entry.closed_at


@pytest.mark.parametrize("then", [[pet(1), pet(2, "Tom")], [pet(1)]], ids=["an update", "a delete"])
def test_a_refused_change_leaves_the_row_as_it_was(tmp_path: Path, then: list[dict[str, Any]]) -> None:
    """R19, R2."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    rig.destination.refused.add((2,))
    done = rig.ok(whole(then))
    assert rig.sent == rig.held == {1: "Rex", 2: "Rex"}
    assert (done.counts.updated, done.counts.deleted, rig.head.sent.rows) == (0, 0, 2)
    rig.destination.refused.clear()
    rig.ok()
    assert rig.sent == rig.held == rig.snapshot == {row["id"]: row["name"] for row in then}


def test_a_refused_row_that_is_gone_is_owed_no_more(tmp_path: Path) -> None:
    """R19, R2: sent never had it."""
    rig = Rig(tmp_path)
    rig.destination.refused.add((2,))
    rig.ok(whole(pets(1, 2)))
    rig.ok(whole(pets(1)))
    assert (rig.owed(), rig.loads, rig.held) == ({}, 1, {1: "Rex"})


def test_a_second_load_is_harmless(tmp_path: Path) -> None:
    """R20, Invariant 5."""
    once, twice = Rig(tmp_path / "once"), Rig(tmp_path / "twice")
    for rig, steps in ((once, Steps()), (twice, Steps(load=loaded_twice))):
        rig.destination.refused.add((2,))
        rig.run(whole(pets(*range(1, 7))), steps=steps)
        rig.run(whole([*pets(1, 2, 3, 4), pet(5, "Tom"), pet(7)]), steps=steps)
    assert once.held == twice.held == {1: "Rex", 3: "Rex", 4: "Rex", 5: "Tom", 7: "Rex"}
    assert once.owed() == twice.owed() == {"refused": [2]}


def loaded_twice(work: Work, plan: Plan) -> Loaded:
    load(work, plan)
    return load(work, plan)


def test_a_second_load_owes_each_row_once(tmp_path: Path) -> None:
    """R20, R19: also beside deletions that wait, whose list the plan has made before."""
    rig = Rig(tmp_path, limits=CAREFUL)
    rig.ok(whole(pets(1, 2, 3)))
    rig.destination.refused.add((4,))
    rig.run(whole(pets(3, 4)), steps=Steps(load=loaded_twice))
    assert rig.owed() == {"refused": [4], "withheld": [1, 2]}
    assert rig.head.owing == {"refused": 1, "withheld": 2}


def test_a_row_taken_by_the_second_load_is_not_owed(tmp_path: Path) -> None:
    """R20, R19."""
    rig = Rig(tmp_path, limits=CAREFUL)
    rig.ok(whole(pets(1, 2, 3)))
    rig.destination.refused.add((4,))

    with pytest.raises(Killed):
        rig.run(whole(pets(3, 4)), steps=Steps(load=dying("after load")))
    rig.destination.refused.clear()
    rig.ok()
    assert rig.owed() == {"withheld": [1, 2]}
    assert rig.sent == rig.held == {1: "Rex", 2: "Rex", 3: "Rex", 4: "Rex"}


def test_what_the_head_names_after_a_refusal_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R18, Invariant 1."""
    rig, kept = Rig(tmp_path), keeping(monkeypatch)
    rig.destination.refused.add((2,))
    rig.ok(whole(pets(1, 2)))
    assert {str((rig.storage.root / file.name).resolve()) for file in (rig.head.owed, *rig.head.sent.files)} <= kept


def test_another_way_to_delete_forgets_no_deletion_that_waits(tmp_path: Path) -> None:
    """R5, Invariant 9: it is the same table still."""
    rig = Rig(tmp_path, limits=CAREFUL)
    rig.ok(whole(pets(1, 2, 3)))
    rig.ok(whole(pets(1)))
    rig.sync = replace(rig.sync, target=Target("pets", "soft"))
    rig.ok()
    assert rig.owed() == {"withheld": [2, 3]}


def test_everything_is_sent_again_when_that_is_asked(tmp_path: Path) -> None:
    """R28: `resend`."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    rig.destination.rows.clear()
    assert rig.ok(request=ALL_AGAIN).counts.updated == 2
    assert rig.held == {1: "Rex", 2: "Rex"}


def overtaken(rig: Rig) -> None:
    """Another worker finds the lease over, and takes the connection."""
    other = open_store(f"sqlite:///{rig.folder}/store.db")
    with other.database.writing() as transaction:
        transaction.execute(text("UPDATE syncline_lease SET expires_at = '2000-01-01 00:00:00'"))
    other.open_run("zoo", USUAL)


def paused(rig: Rig, does: Callable[..., Any]) -> Callable[..., Any]:
    """A step after which the worker is paused for longer than its lease."""

    def step(*given: Any) -> Any:
        done = does(*given)
        overtaken(rig)
        return done

    return step


STEPS: dict[str, Callable[..., Any]] = {"extract": extract, "diff": diff, "transform": transform, "load": load}


@pytest.mark.parametrize("step", ["extract", "diff", "transform", "load"])
def test_a_run_that_lost_its_lease_changes_nothing_more(tmp_path: Path, step: str) -> None:
    """R21, Invariant 6: it was paused in this step, and wakes when another holds the connection."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1)))
    before = rig.head
    with pytest.raises(LeaseLost):
        rig.run(whole(pets(1, 2)), steps=replace(Steps(), **{step: paused(rig, STEPS[step])}))
    assert rig.head == (replace(before, promised=rig.head.promised) if step == "load" else before)
    assert rig.loads == (2 if step == "load" else 1)
    assert bool(rig.head.promised) == (step == "load")


def test_a_run_that_lost_its_lease_publishes_nothing_as_done(tmp_path: Path) -> None:
    """R21, R27."""
    rig = Rig(tmp_path, publish=(Publication("csv"),))
    with pytest.raises(LeaseLost):
        rig.run(whole(pets(1)), steps=Steps(publish=paused(rig, publish)))
    assert (rig.head.published, rig.held) == ("", {1: "Rex"})


def test_the_destination_is_given_the_fence_and_a_guard_that_tells_of_a_lost_lease(tmp_path: Path) -> None:
    """R21."""
    rig = Rig(tmp_path)
    rig.destination = Asked()
    rig.ok(whole(pets(1)))
    (asked,) = rig.destination.loads
    assert asked.fence == rig.store.runs()[0].fence
    asked.guard()


def test_fences_grow_with_every_run(tmp_path: Path) -> None:
    """R21."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1)))
    rig.ok()
    rig.run(request=Request(full_sync=True))
    fences = [run.fence for run in rig.store.runs()]
    assert fences == sorted(set(fences), reverse=True)
