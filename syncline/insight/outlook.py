"""How far a run is, and how long it will go on, by the runs before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from syncline.run import ModelRun, Run, RunStatus

_LAST = 0.95
"""A run that takes longer than those before it is shown as almost done, not as more than done."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """How much of a running model is done, from 0 to 1, and how many seconds are left; None: nobody knows."""

    share: float | None = None
    seconds: float | None = None


def outlook(model: ModelRun, before: Sequence[Run], now: datetime) -> Outlook:
    """The outlook of a running model, by how long the runs before took for it in the same mode.

    Example:
        >>> outlook(ModelRun("PETS", "full"), [], datetime.now())
        Outlook(share=None, seconds=None)
    """
    took = [_seconds(part) for run in before for part in run.models if _is_alike(part, model)]
    if model.status is not RunStatus.RUNNING or model.started_at is None or not took:
        return Outlook()
    usual, spent = median(took), (now - model.started_at).total_seconds()
    if usual <= 0:
        return Outlook()
    share = min(spent / usual, _LAST)
    return Outlook(share, max(usual - spent, 0.0))


def _is_alike(part: ModelRun, model: ModelRun) -> bool:
    same = (part.model, part.mode) == (model.model, model.mode)
    return same and part.status is RunStatus.SUCCEEDED and part.ended_at is not None and part.started_at is not None


def _seconds(part: ModelRun) -> float:
    assert part.started_at is not None
    assert part.ended_at is not None
    return (part.ended_at - part.started_at).total_seconds()
