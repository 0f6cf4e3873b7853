"""What a plan is, and in what order things are done: R13, R14, R17 and R18."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncline import Batch, ConfigError, Destination, Load, Publication, Rejection, Store, Target, TransientError
from syncline.pipeline import Plan, Steps, Work
from syncline.storage import Storage
from syncline.testing.memory import MemoryDestination
from tests.domain.rig import Rig, keeping, pet, pets, whole

ORDER = [
    "open_run",
    "load",
    "commit",
    "extract",
    "diff",
    "transform",
    "promise",
    "load",
    "commit",
    "publish",
    "published",
    "close_run",
]


class Killed(BaseException):
    """The process dies here."""


class Told:
    """A store that tells what it is asked to do."""

    def __init__(self, store: Store, tell: Callable[[str], object]) -> None:
        self._store = store
        self._tell = tell

    def __getattr__(self, name: str) -> Any:
        if name in ORDER:
            self._tell(name)
        return getattr(self._store, name)


def telling(tell: Callable[[str], object]) -> Steps:
    """Steps that tell when they are taken."""

    def told(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: (tell(name), step(*given))[1]

    return Steps(**{step.name: told(step.name, step.default) for step in fields(Steps)})


def die(*_: object) -> Any:
    raise Killed


def promised(rig: Rig, *said: Batch) -> Plan:
    """The plan of a run that dies before it loads it."""
    with pytest.raises(Killed):
        rig.run(*said, steps=Steps(load=die))
    return Plan.load(rig.storage, rig.head.promised)


def test_only_what_changed_is_sent(tmp_path: Path) -> None:
    """R13, P2.27."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2, 3, 4)))
    done = rig.ok(whole([pet(1), pet(2, "Tom"), pet(3), pet(5)]))
    counts = done.counts
    assert (counts.inserted, counts.updated, counts.deleted) == (1, 1, 1)
    changes = Plan.load(rig.storage, f"data/default/zoo/PETS/{done.plan}/plan.json").changeset(rig.storage)
    assert [row["id"] for batch in changes.inserts() for row in batch.to_pylist()] == [5]
    assert [row["name"] for batch in changes.updates() for row in batch.to_pylist()] == ["Tom"]
    assert [row["name"] for batch in changes.previous() for row in batch.to_pylist()] == ["Rex"]
    assert [row["id"] for batch in changes.removed() for row in batch.to_pylist()] == [4]


def test_what_a_refused_key_sent_before_is_looked_up_in_sent(tmp_path: Path) -> None:
    """R13: the destination still holds the row as it was two runs ago, and that is what an update starts from."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1)))
    rig.destination.refused.add((1,))
    rig.ok(whole([pet(1, "Tom")]))
    assert rig.sent == {1: "Rex"}
    rig.destination.refused.clear()
    done = rig.ok(whole([pet(1)]))
    assert (len(rig.destination.loads), done.result, rig.owed()) == (2, "no_changes", {})


def test_nothing_changed_nothing_is_written(tmp_path: Path) -> None:
    """Invariant 11, P2.28, P2.29."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1, 2)))
    before, told = rig.head, list[str]()
    rig.store = Told(rig.store, told.append)
    done = rig.ok()
    assert told == ["open_run", "close_run"]
    assert (rig.loads, done.plan, done.result, rig.head) == (1, "", "no_changes", before)
    assert len(list((rig.storage.root / "data/default/zoo/PETS").iterdir())) == 1


def test_the_order_of_a_run(tmp_path: Path) -> None:
    """R17: a promised plan is finished first, with the lease; what is loaded was promised before."""
    rig = Rig(tmp_path, publish=(Publication("csv"),))
    promised(rig, whole(pets(1)))
    order: list[str] = []
    rig.store = Told(rig.store, order.append)
    rig.run(whole(pets(1, 2)), steps=telling(order.append))
    assert order == ORDER


def test_a_promised_plan_is_finished_before_the_source_is_asked(tmp_path: Path) -> None:
    """R17, Invariant 2: what a dead load has inserted does not stay for ever."""
    rig = Rig(tmp_path)
    rig.destination.touched.append(second_time(die))
    with pytest.raises(Killed):
        rig.run(whole(pets(1, 2)))
    assert rig.held == {1: "Rex"}
    rig.destination.touched.clear()
    rig.ok(whole(pets(2)))
    assert rig.held == rig.snapshot == {2: "Rex"}


def second_time(then: Callable[[], object]) -> Callable[[], object]:
    touched: list[int] = []

    def touch() -> None:
        touched.append(1)
        if len(touched) > 1:
            then()

    return touch


def test_a_plan_that_cannot_be_finished_stops_its_model(tmp_path: Path) -> None:
    """Invariant 2: whatever the source says meanwhile."""
    rig = Rig(tmp_path)
    plan = promised(rig, whole(pets(1)))
    done = rig.run(whole(pets(2)), steps=Steps(load=broken))
    assert (done.status, rig.head.promised, len(rig.asked)) == ("failed", plan.name, 1)


def broken(*_: object) -> Any:
    raise TransientError("the line is dead")


def test_the_head_moves_only_after_the_load(tmp_path: Path) -> None:
    """Invariant 1."""
    rig = Rig(tmp_path)
    rig.ok(whole(pets(1)))
    before = rig.head
    rig.run(whole(pets(1, 2)), steps=Steps(load=broken))
    after = rig.head
    assert (after.snapshot, after.sent, after.plan) == (before.snapshot, before.sent, before.plan)
    assert after.promised


def test_a_plan_is_whole_and_on_disk_before_it_is_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R18."""
    rig, kept = Rig(tmp_path), keeping(monkeypatch)
    at_promise: list[set[str]] = []
    rig.store = Told(rig.store, lambda what: at_promise.append(set(kept)) if what == "promise" else None)
    plan = promised(rig, whole([pet(2), pet(1)]))
    (on_disk,) = at_promise
    folder = rig.storage.root.resolve() / plan.folder
    files = {str(folder / Path(file.name).name) for file in (*plan.files, *plan.head.snapshot.files)}
    assert files <= on_disk
    assert str(folder) in on_disk
    assert any("plan.json" in name for name in on_disk)


def test_a_plan_bears_what_a_load_needs_whenever_it_comes(tmp_path: Path) -> None:
    """R18: schema, target, destination, constants, checksums, fence."""
    rig = Rig(tmp_path)
    plan = promised(rig, whole(pets(1)))
    stored = json.loads(rig.storage.path(plan.name).read_text())
    assert plan.model == rig.sync.model(rig.source)
    assert (plan.target, plan.destination) == (Target("pets"), "memory")
    assert (plan.id, plan.fence) == (f"{rig.store.runs()[0].fence:012d}-PETS", rig.store.runs()[0].fence)
    assert abs((datetime.now(UTC) - plan.at).total_seconds()) < 60
    assert set(plan.checksums) == {file.name for file in plan.files} == set(stored["checksums"])


@dataclass(frozen=True)
class Noting(Destination):
    """It notes what it is asked to load, and dies the first time."""

    asked: list[Load] = field(default_factory=list)

    def identity(self) -> str:
        return "noting"

    def load(self, request: Load) -> list[Rejection]:
        self.asked.append(request)
        if len(self.asked) == 1:
            raise Killed
        return []


def test_a_plan_loaded_again_is_the_same_plan(tmp_path: Path) -> None:
    """R18, R20: the same id and the same time of soft deletions, under the new run's fence."""
    rig = Rig(tmp_path)
    rig.destination = Noting()
    with pytest.raises(Killed):
        rig.run(whole(pets(1)))
    rig.ok()
    first, again = rig.destination.asked
    assert (first.plan, first.at, first.scope) == (again.plan, again.at, "default/zoo/PETS")
    assert again.fence > first.fence
    assert [batch.to_pylist() for batch in again.changes.upserts()] == [pets(1)]


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(b"PAR1"), Path.unlink], ids=["damaged", "missing"])
def test_a_damaged_plan_is_not_loaded(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    """R18."""
    rig = Rig(tmp_path)
    plan = promised(rig, whole(pets(1)))
    harm(rig.storage.path(plan.files[0].name))
    done = rig.run()
    assert (done.status, rig.held, rig.head.promised) == ("failed", {}, plan.name)
    assert "are damaged" in done.error or "is missing from" in done.error
    assert "a fault in Syncline" not in done.error


def test_a_damaged_plan_file_is_told_as_such(tmp_path: Path) -> None:
    """R18."""
    rig = Rig(tmp_path)
    plan = promised(rig, whole(pets(1)))
    rig.storage.path(plan.name).write_text("{")
    done = rig.run()
    assert "the file of a plan is damaged" in done.error
    assert "a fault in Syncline" not in done.error


@dataclass(frozen=True)
class OtherDestination(MemoryDestination):
    def identity(self) -> str:
        return "other"


def test_a_plan_is_not_loaded_into_another_destination(tmp_path: Path) -> None:
    """R18."""
    rig = Rig(tmp_path)
    promised(rig, whole(pets(1)))
    first, rig.destination = rig.destination, OtherDestination()
    assert "promised to another destination" in rig.run().error
    assert rig.held == {}
    rig.destination = first
    rig.ok()
    assert rig.held == {1: "Rex"}


def test_a_plan_that_was_never_promised_leaves_nothing(tmp_path: Path) -> None:
    """R17: a run that fails before that may be repeated at will."""
    rig = Rig(tmp_path)
    rig.run(whole(pets(1)), steps=Steps(transform=lambda work, delta: refuse(work)))
    assert rig.head.is_new
    assert not list(Storage(rig.storage.root).folder("data/default/zoo/PETS").iterdir())


def refuse(work: Work) -> Plan:
    raise ConfigError(f"{work.model.name} is not to be sent")
