"""The flow of a connection: what a schedule, a person or an event starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.logging import get_run_logger
from prefect.states import Cancelled as CancelledState
from prefect.states import Completed, Failed
from pydantic import BaseModel, Field

from flows.model import session_of_this_run, sync_model
from flows.origin import check_origin
from flows.report import StepLog, has_failed, summary
from flows.waiting import is_cancelled, newer_request, step_aside, this_flow_run
from syncline import pipeline
from syncline.connection import Connection
from syncline.errors import Busy, Cancelled, SynclineError
from syncline.pipeline import Listener, Session
from syncline.request import Request
from syncline.run import RunResult
from syncline.workspace import Workspace

listening: ContextVar[Listener] = ContextVar("listening", default=lambda _part: None)
"""Who is told how far the models are, where somebody in this very process wants to know."""


class ModelToSync(BaseModel):
    """One model."""

    data_model: str = Field(title="Model", description="The name of the model, as in the connection's file.")
    sync_from: datetime | None = Field(
        default=None, title="From", description="Only rows changed since then; nothing is removed. Empty: as usual."
    )


@flow(
    name="sync",
    flow_run_name="{connection}",
    description="Bring a connection's destination in step with its source.",
    persist_result=False,
)
async def sync(
    connection: str,
    full_sync: bool = False,  # noqa: FBT001, FBT002 - Prefect calls by name
    data_models_to_sync: list[ModelToSync] = [],  # noqa: B006 - shown as the default in the form, never changed
    resend: bool = False,  # noqa: FBT001, FBT002
    approve: dict[str, str] | None = None,
    update: bool = False,  # noqa: FBT001, FBT002
    workspace: str | None = None,
    run: str | None = None,
) -> State[Any]:
    """Bring a connection's destination in step with its source.

    Args:
        connection: Which connection.
        full_sync: Read everything, and remove at the destination what is gone at the source.
        data_models_to_sync: Only these models, and each from a date if one is given. Empty: all of them.
        resend: Send everything, changed or not.
        approve: Model and the plan whose withheld deletions may go on, as `syncline approve` shows them.
        update: Carry out changed settings only, without reading the source.
        workspace: The folder of the workspace. Empty: the variable SYNCLINE_WORKSPACE, or the current folder.
        run: The run that Syncline's own page or API has noted for this. Empty: a new one.
    """
    asked = {
        "full_sync": full_sync,
        "data_models_to_sync": [model.model_dump(exclude_none=True) for model in data_models_to_sync],
        "resend": resend,
        "approve": approve,
        "update": update,
    }
    try:
        check_origin()
        opened = await asyncio.to_thread(Workspace.open, workspace)
        request = await asyncio.to_thread(_whole, opened, Request.parse(asked), run)
        return await _sync_once(opened, connection, request, run)
    except SynclineError as error:
        if run is not None:
            await asyncio.to_thread(_withdraw, workspace, run, error)
        get_run_logger().error("%s", error)
        return Failed(message=str(error), data=error)


def _whole(workspace: Workspace, request: Request, run: str | None) -> Request:
    """The request with the files that were handed over, which wait under seal (R31)."""
    sealed = workspace.store.sealed(run) if run is not None else ""
    return Request.unsealed(workspace.seal, sealed) if sealed else request


def _withdraw(workspace: str | None, run: str, error: SynclineError) -> None:
    """Tell the run that waits for us why it will not begin."""
    with suppress(SynclineError):
        Workspace.open(workspace).store.withdraw(run, RunResult.ERROR, {"error": str(error)})


async def _sync_once(workspace: Workspace, connection: str, request: Request, run: str | None) -> State[Any]:
    """Run the request; or let a newer one for the same have its turn, or wait until the connection is free (R29)."""
    mine = this_flow_run()
    if newer := await newer_request(mine):
        infos = {"reason": f"a newer request for the same waits: {newer.name}", "flow_run": str(mine.id)}
        await asyncio.to_thread(workspace.store.record_run, connection, request, RunResult.SKIPPED, infos)
        return Completed(name="Skipped", message=infos["reason"])
    try:
        return await _sync_models(workspace, connection, request, mine, run)
    except Busy as busy:
        if mine.deployment_id is None:  # nobody would start it again
            raise
        get_run_logger().info("%s; waiting for it", busy)
        await step_aside(mine)


async def _sync_models(
    workspace: Workspace, connection: str, request: Request, mine: FlowRun, run: str | None
) -> State[Any]:
    wanted = await asyncio.to_thread(workspace.connection, connection)
    before = await asyncio.to_thread(pipeline.update_before, wanted, request, workspace.store)
    requests = [before] if before and not request.update else []
    runs = []
    for each in [*requests, request]:
        try:
            async with _session(workspace, wanted, each, mine, run if each is request else None) as session:
                await _each_model(session, mine)
        except Cancelled as error:
            return CancelledState(message=f"{error}; {summary(session.run)}")
        runs.append(session.run)
        get_run_logger().info("%s", summary(session.run))
    message = "; then ".join(summary(done) for done in runs)
    return Failed(message=message) if any(has_failed(done) for done in runs) else Completed(message=message)


async def _each_model(session: Session, mine: FlowRun) -> None:
    for model in session.models:
        mode = "update" if session.request.update else str(session.request.mode(session.connection, model))
        await sync_model(session.connection.name, model.name, mode, return_state=True)
        if await is_cancelled(mine):
            await asyncio.to_thread(session.store.cancel, session.run.id, "prefect")
        await asyncio.to_thread(session.heed)


@asynccontextmanager
async def _session(
    workspace: Workspace, connection: Connection, request: Request, mine: FlowRun, run: str | None
) -> AsyncIterator[Session]:
    """The open run, for the models' flows to find; opened and closed in a thread, for both may have to wait."""
    block = pipeline.opened(
        connection,
        request,
        workspace.store,
        workspace.storage,
        runner="prefect",
        flow_run=str(mine.id),
        run=run,
        listen=StepLog(listening.get()),
    )
    session = await asyncio.to_thread(block.__enter__)
    token = session_of_this_run.set(session)
    try:
        yield session
    except BaseException as error:
        await asyncio.to_thread(block.__exit__, type(error), error, error.__traceback__)
        raise
    else:
        await asyncio.to_thread(block.__exit__, None, None, None)
    finally:
        session_of_this_run.reset(token)
