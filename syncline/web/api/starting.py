"""Starting runs: as asked, once more for what was rejected, and for what was approved."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from starlette.responses import JSONResponse, Response

from syncline.connection import Connection
from syncline.errors import Busy
from syncline.model import SyncMode
from syncline.owed import AWAITING
from syncline.request import ModelRequest, Request
from syncline.run import Entry, Run
from syncline.web.api import shape
from syncline.web.api.body import ConnectionName, ModelsToApprove, ModelsToRetry, RunId, RunToStart
from syncline.web.approval import approval
from syncline.web.problem import At, Problem, forbidden, invalid
from syncline.web.visit import CanRun, Visit

router = APIRouter(tags=["runs"])
_LOCATION = {"Location": {"description": "Where the run is shown.", "schema": {"type": "string"}}}
_BEGUN: dict[str, Any] = {
    "status_code": 202,
    "response_model": shape.Run,
    "responses": {
        202: {"description": "The run has begun, or waits to.", "headers": _LOCATION},
        303: {"description": "A run that is active does what is asked for.", "headers": _LOCATION, "model": shape.Run},
    },
}


@router.post("/connections/{connection}/runs", operation_id="start_run", **_BEGUN)
def start_run(
    connection: ConnectionName, visit: CanRun, asked: Annotated[RunToStart | None, Body()] = None
) -> Response:
    """Start a run; where an active one does what is asked for, go there (R29)."""
    found = visit.connection(connection)
    request = (asked or RunToStart()).request()
    if any(file.path for file in request.source_files) and not visit.site.workspace.settings.api.paths:
        forbidden("a file cannot be named by its path here", "hand over an address, or allow it: api: {paths: true}")
    return begun(visit, found, request)


@router.post("/connections/{connection}/refresh", operation_id="refresh_connection", **_BEGUN)
def refresh_connection(connection: ConnectionName, visit: CanRun) -> Response:
    """Start an incremental run of all models (P3.13)."""
    found = visit.connection(connection)
    if SyncMode.INCREMENTAL not in found.features:
        raise Problem(422, f"connection {connection} does not allow incremental runs", hint="start a full one")
    return begun(visit, found, Request())


@router.post("/connections/{connection}/approve", operation_id="approve", **_BEGUN)
def approve(connection: ConnectionName, visit: CanRun, asked: ModelsToApprove) -> Response:
    """Let deletions go that were withheld: exactly those that were shown (R26)."""
    found = visit.connection(connection)
    return begun(visit, found, approval(visit, found, asked.models))


@router.post("/connections/{connection}/entries/retry", operation_id="retry_entries", **_BEGUN)
def retry_entries(
    connection: ConnectionName, visit: CanRun, asked: Annotated[ModelsToRetry | None, Body()] = None
) -> Response:
    """Start a run of the models that have rejected rows, which tries these again (P6.9)."""
    found = visit.connection(connection)
    wanted = (asked or ModelsToRetry()).models
    for at, model in enumerate(wanted):
        if model not in {one.name for one in found.models}:
            known = ", ".join(one.name for one in found.models)
            invalid([At(f"there is no such model; known are {known}", ("models", at))])
    owing = _to_retry(visit.store.entries(connection))
    return _retried(visit, found, owing & set(wanted) if wanted else owing)


@router.post("/runs/{run}/retry", operation_id="retry_run", **_BEGUN)
def retry_run(run: RunId, visit: CanRun) -> Response:
    """Start a run of the models of this one that have rejected rows, or that failed."""
    before = visit.run(run)
    failed = {model.model for model in before.models if model.error}
    owing = _to_retry(visit.store.entries(before.connection)) & {model.model for model in before.models}
    return _retried(visit, visit.connection(before.connection), owing | failed)


def begun(visit: Visit, connection: Connection, request: Request) -> Response:
    """Start a run and say where it is found; or where the active one is that does what is asked for (R29).

    Raises:
        Busy: the active one does not.
        ConfigError: the request does not fit the connection.
    """
    try:
        run = visit.site.starter.start(connection.name, request, created_by=visit.caller.id)
    except Busy as busy:
        active = visit.store.run(busy.run)
        if not active.request.covers(request, connection):
            raise
        return _found(active, 303)
    visit.note("run started", run.id, connection=connection.name)
    return _found(run, 202)


def _retried(visit: Visit, connection: Connection, models: set[str]) -> Response:
    known = sorted(models & {model.name for model in connection.models})
    if not known:
        raise Problem(409, "there is nothing to try again")
    return begun(visit, connection, Request(data_models_to_sync=tuple(map(ModelRequest, known))))


def _to_retry(entries: list[Entry]) -> set[str]:
    return {entry.model for entry in entries if entry.kind not in AWAITING}


def _found(run: Run, status: int) -> Response:
    return JSONResponse(run.as_json(), status, {"Location": f"/api/v1/runs/{run.id}"})
