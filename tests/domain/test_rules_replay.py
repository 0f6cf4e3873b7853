"""R5: what was sent is what the destination holds; where it is not there any more, it is sent anew."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncline import Batch, DataError, DataModel, Load, Rejection, Target, TransientError
from syncline.testing.memory import MemoryDestination
from tests.domain.rig import FULL, PETS, Rig, pet, pets, whole

TEXT = pa.string()


@dataclass(frozen=True)
class Remembering(MemoryDestination):
    """It knows the last plan it took, and it can move."""

    address: list[str] = field(default_factory=lambda: ["here"])
    idempotent = "plan"

    def identity(self) -> str:
        return self.address[0]

    def holds(self, model: DataModel, target: Target, scope: str, plan: str) -> bool | None:
        return bool(self.rows) and plan == self.loads[-1]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.destination = Remembering()
    return rig


def test_a_destination_that_was_emptied_is_filled_anew(rig: Rig) -> None:
    rig.ok(whole(pets(1, 2, 3)))
    rig.destination.rows.clear()
    rig.destination.loads.append("another")
    done = rig.ok(whole([*pets(1, 2), pet(3, "Tom")]))
    assert rig.held == rig.sent == {1: "Rex", 2: "Rex", 3: "Tom"}
    assert (done.mode, done.counts.inserted) == ("full, replay", 3)


def test_a_destination_that_moved_is_the_same_still(rig: Rig) -> None:
    rig.ok(whole(pets(1, 2, 3, 4)))
    rig.destination.address[0] = "there"
    done = rig.ok(whole(pets(1, 2, 3)))
    assert (done.mode, done.counts.inserted, done.counts.deleted) == ("full", 0, 1)
    assert set(rig.held) == {1, 2, 3}


def test_a_column_that_left_and_came_back_is_sent(rig: Rig) -> None:
    """The destination has kept what it held there."""
    rig.ok(whole([pet(1, "Rex", 1), pet(2, "Tom", 1)]))
    rig.sync = replace(rig.sync, columns=Rig.columns("id", "name"))
    rig.ok(whole(pets(1, 2)))
    rig.sync = replace(rig.sync, columns=PETS)
    rig.ok(whole([pet(1, "Rex", None), pet(2, "Tom", 1)]))
    assert rig.destination.rows[(1,)] == pet(1, "Rex", None)


def test_rows_of_before_a_new_column_are_published_and_folded_as_they_are_known(rig: Rig) -> None:
    rig.sync = replace(rig.sync, columns=Rig.columns("id", "name"))
    rig.ok(whole(pets(1, 2)))
    rig.sync = replace(rig.sync, columns=PETS)
    rig.ok(Batch(rows=[pet(2, "Tom", 7)]))
    assert rig.sent == {1: "Rex", 2: "Tom"}
    assert rig.ok(whole([pet(1, "Rex", None), pet(2, "Tom", 7)]), request=FULL).counts.updated == 1


@pytest.mark.parametrize("on_delete", ["ignore"])
def test_deletions_that_are_ignored_wait_for_nobody_and_count_for_nothing(rig: Rig, on_delete: Any) -> None:
    rig.sync = replace(rig.sync, target=Target("pets", on_delete))
    rig.ok(whole(pets(*range(20))))
    done = rig.ok(whole(pets(1)))
    assert (done.counts.deleted, done.counts.withheld, rig.owed()) == (0, 0, {})


@dataclass(frozen=True)
class Failing(Remembering):
    errors: list[Exception] = field(default_factory=list)

    def load(self, request: Load) -> list[Rejection]:
        if self.errors:
            raise self.errors.pop(0)
        return super().load(request)


def test_an_older_plan_in_the_way_is_told_as_such(rig: Rig) -> None:
    rig.destination = Failing()
    rig.destination.errors[:] = [TransientError("the line is dead"), DataError("no such column")]
    rig.run(whole(pets(1)))
    told = rig.run(whole(pets(1))).error
    assert "promised by an earlier run, must be finished first: no such column" in told
    assert "`syncline forget zoo PETS`" in told


def test_the_order_of_the_cursor_is_remembered_over_a_break(rig: Rig) -> None:
    """R11: rows before the break came in no order, so nothing tells which of two is newer."""
    first = Batch(rows=[pet(1, "Rex", 1)], position=1)
    rig.run(first, TransientError("cut"))
    rig.said = (first, TransientError("cut"))
    again = iter([(first, TransientError("cut")), (whole([pet(1, "Tom", 2)], ordered=True),)])
    rig.said = lambda _: next(again)
    rig.sync_all(steps=pipeline_twice())
    assert rig.owed() == {"rejected": [1]}


def pipeline_twice() -> Any:
    from syncline.patience import patient  # noqa: PLC0415
    from syncline.pipeline import Steps, extract  # noqa: PLC0415

    return Steps(extract=lambda work: patient(lambda: extract(work), pause=0.001))
