"""The flow of one model: a subflow of its connection's, with the steps as its tasks."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.report import counted, show
from syncline import pipeline
from syncline.errors import LeaseLost
from syncline.pipeline import Session
from syncline.run import ModelRun, RunStatus
from tasks.steps import steps

session_of_this_run: ContextVar[Session] = ContextVar("session_of_this_run")
"""The open run, handed from the connection's flow to its models' without being written down anywhere."""


@flow(
    name="model",
    flow_run_name="{connection}/{model} {mode}",
    description="One model of a connection: extract, diff, transform, load, publish. Started by `sync`, not by hand.",
    persist_result=False,
)
async def sync_model(connection: str, model: str, mode: str) -> State[Any]:
    """Sync one model of the open run; what goes wrong with it ends this flow run only (R24)."""
    del connection, mode
    session = session_of_this_run.get()
    wanted = next(each for each in session.models if each.name == model)
    # In a thread, so that other flows go on meanwhile; the tasks still belong to this flow run (R36).
    try:
        part = await asyncio.to_thread(pipeline.sync_model, session, wanted, steps())
    except LeaseLost as error:
        get_run_logger().error("%s: %s", model, error)
        return Failed(message=str(error))
    await show(session, part)
    return _state(part)


def _state(part: ModelRun) -> State[Any]:
    if part.status is RunStatus.FAILED:
        get_run_logger().error("%s: %s", part.model, part.error)
        return Failed(message=part.error)
    get_run_logger().info("%s: %s", part.model, counted(part.counts))
    return Completed(message=counted(part.counts))
