"""Executes what Prefect has scheduled, in this process: a few runs at a time, one of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow
from prefect.logging import get_logger
from prefect.states import Crashed, Pending

from flows.model import sync_model
from flows.sync import sync

ROOM = 4
"""Runs at a time. More of them would only wait for each other."""
PAUSE = 1.0
"""Seconds between two questions for work."""


class Executor:
    """Takes the due runs of some deployments, oldest first."""

    def __init__(self, client: PrefectClient, deployments: Mapping[UUID, str], *, room: int = ROOM) -> None:
        self.client = client
        self.deployments = deployments
        self.room = room
        self.logger = get_logger("syncline")
        self._running: dict[str, asyncio.Task[None]] = {}

    async def work(self, stop: asyncio.Event) -> None:
        """Take runs until told to stop; then return, though some may still be running."""
        while not stop.is_set():
            try:
                await self._take_due_runs()
            except httpx.HTTPError as error:
                self.logger.warning("the Prefect server cannot be asked for work: %s", error)
            await either(stop.wait(), asyncio.sleep(PAUSE))

    async def finish(self, within: float) -> list[str]:
        """Let the runs that are active end; gives the connections of those that did not in time (seconds)."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=within)
        return sorted(self._running)

    async def _take_due_runs(self) -> None:
        due = await self.client.get_scheduled_flow_runs_for_deployments(
            list(self.deployments), scheduled_before=datetime.now(UTC)
        )
        for run in due:
            connection = self.deployments.get(_deployment_of(run))  # it may have been removed since we asked
            # One run of a connection at a time: those that wait here need not step aside.
            if (
                connection
                and connection not in self._running
                and len(self._running) < self.room
                and await self._claim(run)
            ):
                task = asyncio.create_task(self._execute(run), name=run.name)
                self._running[connection] = task
                task.add_done_callback(partial(self._forget, connection))

    def _forget(self, connection: str, _task: asyncio.Task[None]) -> None:
        del self._running[connection]

    async def _claim(self, run: FlowRun) -> bool:
        """Whether the run is ours now."""
        pending: State[None] = Pending()
        answer = await self.client.set_flow_run_state(run.id, pending)
        return answer.status is SetStateStatus.ACCEPT

    async def _execute(self, run: FlowRun) -> None:
        try:
            await asyncio.to_thread(asyncio.run, _flow(run.id))
        except Abort:
            pass  # it stepped aside, or somebody cancelled it
        except Exception:
            self.logger.exception("run %s ended without a state", run.name)


async def _flow(run: UUID) -> None:
    """The run itself, in a thread of its own: in the main one Prefect would take our SIGTERM for the run's."""
    async with get_client() as client:
        claimed = await client.read_flow_run(run)
    await cast("Coroutine[Any, Any, object]", run_flow(sync, flow_run=claimed, return_type="state"))


async def close_abandoned(client: PrefectClient) -> int:
    """Mark the runs that a process left behind when it was killed; gives how many.

    To be called where nobody else can be executing them. The next run of the connection goes on where they were.
    """
    going_on = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING]))
    runs = await client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[sync.name, sync_model.name])),
        flow_run_filter=FlowRunFilter(state=going_on),
    )
    for run in runs:
        await client.set_flow_run_state(run.id, Crashed(message="The process ended without finishing."), force=True)
    return len(runs)


def _deployment_of(run: FlowRun) -> UUID:
    assert run.deployment_id is not None
    return run.deployment_id


async def either(*waits: Coroutine[Any, Any, object]) -> None:
    """Return when the first of these does; the others are cancelled."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()
