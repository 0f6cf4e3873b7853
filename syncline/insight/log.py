"""What happened in a run, and what was said of it, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncline.line import Level, Line
from syncline.run import ModelRun, Run, RunResult, RunStatus


def timeline(run: Run, lines: Iterable[Line]) -> list[Line]:
    """The steps of a run, as far as they were noted, among the lines of its log."""
    return sorted([*_steps(run), *lines], key=lambda line: line.at)


def _steps(run: Run) -> Iterator[Line]:
    yield Line(run.created_at, "step", "created")
    if run.started_at and run.started_at != run.created_at:
        yield Line(run.started_at, "step", "started")
    for model in run.models:
        yield from (Line(step.started_at, "step", step.name, model.model) for step in model.steps)
        if model.ended_at:
            yield Line(model.ended_at, _level(model), _ended(model, model.error), model.model)
    if run.ended_at:
        yield Line(run.ended_at, _level(run), _ended(run, str(run.infos.get("error", ""))))


def _level(one: Run | ModelRun) -> Level:
    if one.status is RunStatus.FAILED:
        return "error"
    return "warning" if one.result is RunResult.PARTIAL else "step"


def _ended(one: Run | ModelRun, error: str) -> str:
    return f"{one.result or one.status}: {error}" if error else str(one.result or one.status)
