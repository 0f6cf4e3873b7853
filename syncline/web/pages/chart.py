"""Bars of what the latest runs of a connection changed and how long they took; drawn as SVG by a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from syncline.run import Run
from syncline.web.words import number, span

WIDTH, HEIGHT, ROOM = 600, 110, 60
_LEAST = 24
"""So many bars have room, however few there are."""
_GAP = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in the units of the drawing, what it stands for, what it says on hover, and the run it is of."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str
    run: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of WIDTH by HEIGHT: `most` is what the highest bar stands for."""

    bars: tuple[Bar, ...]
    most: str
    told: str


def changed(runs: Sequence[Run]) -> Chart:
    """Rows inserted, updated and deleted by each run, oldest first; heights grow with the square root."""
    figures = [
        [sum(getattr(model.counts, name) for model in run.models) for name in ("inserted", "updated", "deleted")]
        for run in reversed(runs)
    ]
    most = max((sum(one) for one in figures), default=0)
    bars: list[Bar] = []
    for place, (run, one) in enumerate(zip(reversed(runs), figures, strict=True)):
        total, top = sum(one), float(HEIGHT)
        title = f"{_when(run)}: +{number(one[0])} ~{number(one[1])} −{number(one[2])}"  # noqa: RUF001 - a minus
        for kind, count in zip(("plus", "change", "minus"), one, strict=True):
            if count:
                height = HEIGHT * sqrt(total / most) * count / total
                top -= height
                bars.append(_bar(place, len(runs), top, height, kind, title, run.id))
    told = (
        f"{number(sum(map(sum, figures)))} rows changed by the last {len(figures)} runs, at most {number(most)} by one"
    )
    return Chart(tuple(bars), number(most), told)


def lasted(runs: Sequence[Run]) -> Chart:
    """How long each run took, oldest first; heights grow with the square root."""
    took = [
        (run.ended_at - run.started_at).total_seconds() if run.ended_at and run.started_at else 0.0
        for run in reversed(runs)
    ]
    most = max(took, default=0.0)
    bars = []
    for place, (run, seconds) in enumerate(zip(reversed(runs), took, strict=True)):
        if height := HEIGHT * sqrt(seconds / most) if most else 0.0:
            title = f"{_when(run)}: {span(seconds)}, {run.status}"
            bars.append(_bar(place, len(runs), HEIGHT - height, height, str(run.status), title, run.id))
    return Chart(tuple(bars), span(most), f"the last {len(took)} runs took {span(most)} at most")


def _bar(place: int, count: int, y: float, height: float, kind: str, title: str, run: str) -> Bar:
    step = WIDTH / max(count, _LEAST)
    return Bar(round(place * step, 2), round(y, 2), round(step - _GAP, 2), round(height, 2), kind, title, run)


def _when(run: Run) -> str:
    return f"{run.created_at:%Y-%m-%d %H:%M} UTC"
