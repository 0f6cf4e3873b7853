"""Runs, told at the end and looked at later."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.cli.screen import lasting, moment, note, number, table
from syncline.run import ModelRun, Run, RunResult, RunStatus

COUNTS = ["read", "inserted", "updated", "deleted", "rejected", "withheld"]
DONE, FAILED, OWING = 0, 1, 3


def exit_code(run: Run) -> int:
    """0 done, 1 a model failed, 3 done but rows were rejected or withheld."""
    if run.status is RunStatus.FAILED or any(model.status is RunStatus.FAILED for model in run.models):
        return FAILED
    return OWING if run.result is RunResult.PARTIAL else DONE


def worst(codes: Sequence[int]) -> int:
    """The exit code of several runs: a failure, else a wrong setting, else something owed."""
    return min((code for code in codes if code), default=DONE)


def show_runs(runs: Sequence[Run]) -> None:
    """One table of the models of these runs, and what is to be done about what did not go through."""
    rows = [_line(run, model) for run in runs for model in run.models]
    if rows:
        table(["connection", "model", "mode", *COUNTS, "time", "result"], rows, right=[*COUNTS, "time"])
    for run in runs:
        for line in advice(run):
            note(line)


def advice(run: Run) -> list[str]:
    """What failed, and what a person can do about it."""
    lines = [f"{run.connection} {model.model} failed: {model.error}" for model in run.models if model.error]
    error = run.infos.get("error")
    if isinstance(error, str) and error and not lines:
        lines.append(f"{run.connection} failed: {error}")
    if any(model.counts.withheld for model in run.models):
        lines.append(f"Deletions wait for you: syncline approve {run.connection}")
    if any(model.counts.rejected for model in run.models):
        lines.append(f"Rows were rejected; the reasons: syncline show {run.id[:8]}")
    return lines


def show_list(runs: Sequence[Run]) -> None:
    """One line a run."""
    titles = ["run", "connection", "started", "time", "status", "result", "changes", "owed"]
    table(titles, [_summary(run) for run in runs], right=["time", "changes", "owed"])


def _summary(run: Run) -> tuple[str, ...]:
    counts = [model.counts for model in run.models]
    changed = sum(one.inserted + one.updated + one.deleted for one in counts)
    owed = sum(one.rejected + one.withheld for one in counts)
    start = run.started_at or run.created_at
    took = lasting(start, run.ended_at)
    return (
        run.id[:8], run.connection, moment(start), took, run.status, run.result or "", number(changed), number(owed),
    )  # fmt: skip


def _line(run: Run, model: ModelRun) -> tuple[str, ...]:
    counts = [number(getattr(model.counts, name)) for name in COUNTS]
    took = lasting(model.started_at, model.ended_at)
    return (run.connection, model.model, model.mode, *counts, took, model.result or model.status)
