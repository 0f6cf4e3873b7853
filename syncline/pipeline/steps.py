"""How each step is carried out, and how often it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from syncline.patience import patient
from syncline.pipeline.diff import diff
from syncline.pipeline.extract import extract
from syncline.pipeline.load import load
from syncline.pipeline.plan import Plan
from syncline.pipeline.publish import Published, publish
from syncline.pipeline.transform import transform
from syncline.pipeline.work import Delta, Extraction, Loaded, Work
from syncline.run import Head


@dataclass(frozen=True, slots=True)
class Steps:
    """How each step is carried out. An orchestrator puts its own around them; each is safe to repeat."""

    extract: Callable[[Work], Extraction] = extract
    diff: Callable[[Work, Extraction], Delta] = diff
    transform: Callable[[Work, Delta], Plan] = transform
    load: Callable[[Work, Plan], Loaded] = load
    publish: Callable[[Work, Head], Published] = publish


def patient_steps() -> Steps:
    """The steps, each tried again where that may help: for a run without an orchestrator."""
    return Steps(
        extract=lambda work: patient(lambda: extract(work)),
        load=lambda work, plan: patient(lambda: load(work, plan)),
        publish=lambda work, head: patient(lambda: publish(work, head)),
    )
