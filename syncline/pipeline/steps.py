"""How each step is carried out, and how often it is tried."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from syncline.errors import TransientError
from syncline.pipeline.diff import diff
from syncline.pipeline.extract import extract
from syncline.pipeline.load import load
from syncline.pipeline.plan import Plan
from syncline.pipeline.publish import Published, publish
from syncline.pipeline.transform import transform
from syncline.pipeline.work import Delta, Extraction, Loaded, Work
from syncline.run import Head

_Given = TypeVar("_Given")
TRIES = 3
_log = logging.getLogger("syncline")


@dataclass(frozen=True, slots=True)
class Steps:
    """How each step is carried out. An orchestrator puts its own around them; each is safe to repeat."""

    extract: Callable[[Work], Extraction] = extract
    diff: Callable[[Work, Extraction], Delta] = diff
    transform: Callable[[Work, Delta], Plan] = transform
    load: Callable[[Work, Plan], Loaded] = load
    publish: Callable[[Work, Head], Published] = publish


def patient(attempt: Callable[[], _Given], *, pause: float = 0.5) -> _Given:
    """Try again where that may help: three times, waiting longer each time, or as long as the other side asks.

    Raises:
        TransientError: it did not help.
    """
    for tried in range(1, TRIES):
        try:
            return attempt()
        except TransientError as error:
            wait = error.retry_after or pause * 2**tried * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            _log.warning("%s; trying again in %.1f s", error, wait)
            time.sleep(wait)
    return attempt()


def patient_steps() -> Steps:
    """The steps, each tried again where that may help: for a run without an orchestrator."""
    return Steps(
        extract=lambda work: patient(lambda: extract(work)),
        load=lambda work, plan: patient(lambda: load(work, plan)),
        publish=lambda work, head: patient(lambda: publish(work, head)),
    )
