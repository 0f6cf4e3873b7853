"""When a promised plan is let go, and when not: R19 and Invariant 2."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syncline import ConfigError, DataModel, Target, TransientError
from syncline.patience import patient
from syncline.pipeline import Loaded, Plan, Steps, Work, load
from syncline.testing.memory import MemoryDestination
from tests.domain.death import Killed, dying
from tests.domain.rig import Rig, pets, whole


@dataclass(frozen=True)
class Transactional(MemoryDestination):
    """It takes a plan whole or not at all; `mistyped` stands for a setting that is wrong for a while."""

    idempotent = "plan"
    mistyped: list[str] = field(default_factory=list)

    def prepare(self, model: DataModel, target: Target) -> None:
        if self.mistyped:
            raise ConfigError("no such schema")


def test_a_plan_that_cannot_be_loaded_as_it_is_set_up_is_let_go(tmp_path: Path) -> None:
    """R19: a destination that takes all or nothing has taken nothing of it."""
    rig = Rig(tmp_path)
    rig.destination = Transactional(mistyped=["schema"])
    assert "no such schema" in rig.run(whole(pets(1))).error
    assert not rig.head.promised


def test_a_plan_that_may_have_been_loaded_before_is_not_let_go(tmp_path: Path) -> None:
    """Invariant 2: the run before died after its load, so what it brought must be known."""
    rig = Rig(tmp_path)
    rig.destination = Transactional()
    with pytest.raises(Killed):
        rig.run(whole(pets(1, 2)), steps=Steps(load=dying("after load")))
    rig.destination.mistyped.append("schema")
    rig.run(whole(pets(2)))
    rig.destination.mistyped.clear()
    rig.ok(whole(pets(2)))
    assert rig.held == rig.sent == {2: "Rex"}


def test_a_plan_whose_first_answer_was_lost_is_not_let_go(tmp_path: Path) -> None:
    """Invariant 2: it was taken, the answer was lost, and the second attempt fails for another reason."""
    rig = Rig(tmp_path)
    rig.destination = Transactional()

    def answer_lost(work: Work, plan: Plan) -> Loaded:
        load(work, plan)
        rig.destination.mistyped.append("schema")
        raise TransientError("the answer was lost", retry_after=0.001)

    rig.run(whole(pets(1, 2)), steps=Steps(load=lambda work, plan: patient(lambda: answer_lost(work, plan))))
    rig.destination.mistyped.clear()
    rig.ok(whole(pets(2)))
    assert rig.held == rig.sent == {2: "Rex"}
