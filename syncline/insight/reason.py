"""Why a run stands as it does: the rules that set its status (P6.15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from syncline.run import CANCELLED_BY, ModelRun, Run, RunResult, RunStatus
from syncline.status import MISSING


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule of `docs/semantics.md` that had its say, and what it says of this run."""

    rule: str
    text: str


def reasons(run: Run) -> list[Reason]:
    """The rules that set the status and the result of a run, the deciding one first; each error is told once.

    Example:
        >>> from datetime import UTC, datetime
        >>> from syncline.request import Request
        >>> now = datetime.now(UTC)
        >>> run = Run("1", "default", "shop", Request(), RunStatus.SUCCEEDED, now, now, result=RunResult.NO_CHANGES)
        >>> reasons(run)[0].rule
        'R30'
    """
    return [*_status(run), *(reason for model in run.models for reason in _model(model))]


def _status(run: Run) -> Iterator[Reason]:
    if run.status is RunStatus.SCHEDULED:
        yield Reason("R29", "waits until a worker takes it and its connection is free")
    elif run.status is RunStatus.RUNNING:
        if CANCELLED_BY in run.infos:
            yield Reason("R30", "somebody has cancelled it: it ends after the model it is at")
        yield Reason("R21", "holds its connection by a lease that it renews; if its process dies, the lease ends")
    elif run.result is not None:
        yield Reason("R30", _ENDS[run.result])
    error = str(run.infos.get("error") or "")
    if error and not any(model.error and model.error in error for model in run.models):
        yield Reason("R24" if run.models else "R30", error)


_ENDS = {
    RunResult.SUCCESS: "every model was read to its end, and everything that changed was taken by the destination",
    RunResult.NO_CHANGES: "nothing has changed, so nothing was written",
    RunResult.PARTIAL: "the run ended well, but something is owed",
    RunResult.SKIPPED: "another run did what this one was asked for",
    RunResult.CANCELLED: "somebody cancelled it; models that were done by then stay done",
    RunResult.ERROR: "it was stopped by an error",
}


def _model(model: ModelRun) -> Iterator[Reason]:
    counts = model.counts
    if model.status is RunStatus.FAILED:
        yield Reason("R24", f"{model.model} failed in the step {model.step}; the other models went on")
    if counts.withheld:
        yield Reason("R25", f"{model.model}: deletions of {_rows(counts.withheld)} wait for a person")
    if counts.rejected:
        yield Reason("R3", f"{model.model}: {_rows(counts.rejected)} did not fit, and will be tried again by each run")
    if counts.late:
        yield Reason("R9", f"{model.model}: {_rows(counts.late)} that came late were caught by the overlap")
    if "replay" in model.mode:
        yield Reason("R5", f"{model.model}: the destination did not hold the last plan, so everything was sent anew")
    if model.error and model.status is not RunStatus.FAILED:
        yield Reason("R7" if MISSING in model.error else "R27", f"{model.model}: {model.error}")


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
