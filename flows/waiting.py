"""What becomes of a request while its connection is held, or after it has waited for long (R29)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NoReturn

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import Abort
from prefect.states import AwaitingRetry

WAIT = timedelta(seconds=15)
"""How long a request steps aside while another run holds its connection."""


def this_flow_run() -> FlowRun:
    """The flow run we are in."""
    context = FlowRunContext.get()
    assert context is not None
    assert context.flow_run is not None
    return context.flow_run


async def newer_request(mine: FlowRun) -> FlowRun | None:
    """A request for the same that was made later and waits as well; then this one need not run.

    A run of a schedule that is not yet due does not wait. Nothing is dropped for lateness alone.
    """
    if mine.deployment_id is None:
        return None
    now = datetime.now(UTC)
    soon = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[mine.deployment_id]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        next_scheduled_start_time=FlowRunFilterNextScheduledStartTime.model_validate({"before_": now + WAIT}),
    )
    async with get_client() as client:
        waiting = await client.read_flow_runs(flow_run_filter=soon)
    newer = (run for run in waiting if _waits(run, now) and _asks_the_same_later(run, mine))
    return next(newer, None)


async def is_cancelled(mine: FlowRun) -> bool:
    """Somebody wants this run to end; between two models it can."""
    async with get_client() as client:
        now = await client.read_flow_run(mine.id)
    return now.state is not None and (now.state.is_cancelling() or now.state.is_cancelled())


async def step_aside(mine: FlowRun) -> NoReturn:
    """End now, hold no process, and be started again after `WAIT`."""
    async with get_client() as client:
        later: State[None] = AwaitingRetry(
            scheduled_time=datetime.now(UTC) + WAIT, message="Another run holds the connection."
        )
        await client.set_flow_run_state(mine.id, later, force=True)
    raise Abort("Another run holds the connection.")


def _waits(run: FlowRun, now: datetime) -> bool:
    """It is due, or it has stepped aside before."""
    return run.run_count > 0 or (run.next_scheduled_start_time is not None and run.next_scheduled_start_time <= now)


def _asks_the_same_later(run: FlowRun, mine: FlowRun) -> bool:
    return run.parameters == mine.parameters and _asked_at(run) > _asked_at(mine)


def _asked_at(run: FlowRun) -> tuple[datetime, str]:
    """When it was to start first; of two at the same moment the id decides."""
    return run.expected_start_time or datetime.min.replace(tzinfo=UTC), str(run.id)
