"""How far a model's destination is behind its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncline.connection import Connection
from syncline.insight.due import next_due
from syncline.run import Head, ModelRun, Run, RunStatus

_PATIENCE = 2
"""After so many missed turns a model counts as late."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """One model as it stands.

    Args:
        run, part: the last run that had to do with it, and its part in it; None: none.
        as_of: the destination is what the source said at this time; None: it was never synced.
        lag: how long ago that is.
        due: when it has its next turn; None: it is run by hand.
        rows: how many the destination holds.
        owing: kind -> how many are owed.
        is_late: more than one turn was missed.
    """

    run: Run | None = None
    part: ModelRun | None = None
    as_of: datetime | None = None
    lag: timedelta | None = None
    due: datetime | None = None
    rows: int = 0
    owing: Mapping[str, int] | None = None
    is_late: bool = False


def freshness(
    tenant: str, connection: Connection, runs: Sequence[Run], heads: Mapping[str, Head], now: datetime
) -> dict[str, Freshness]:
    """How each model of a connection stands, by name; `runs` are its latest ones, newest first."""
    return {
        model.name: _of(f"{tenant}/{connection.name}/{model.name}", connection, model.name, runs, heads, now)
        for model in connection.in_order()
    }


def _of(
    name: str, connection: Connection, model: str, runs: Sequence[Run], heads: Mapping[str, Head], now: datetime
) -> Freshness:
    parts = [(run, part) for run in runs for part in run.models if part.model == model]
    good = [part.started_at for _, part in parts if part.status is RunStatus.SUCCEEDED and part.started_at]
    as_of, schedule, head = (good[0] if good else None), connection[model].schedule, heads.get(model, Head())
    lag = None if as_of is None else now - as_of
    due = next_due(schedule, name, now)
    late = lag is not None and schedule is not None and schedule.every is not None and lag > _PATIENCE * schedule.every
    run, part = parts[0] if parts else (None, None)
    return Freshness(run, part, as_of, lag, due, head.sent.rows, head.owing, late)
