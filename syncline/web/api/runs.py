"""Runs, as programs see them (P4.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Query

from syncline.insight.outlook import outlook
from syncline.insight.reason import reasons
from syncline.run import Run, RunStatus, RunType
from syncline.search import Place, Search
from syncline.web import paging
from syncline.web.api import shape
from syncline.web.api.body import ModelName, RunId
from syncline.web.link import published
from syncline.web.problem import Problem
from syncline.web.visit import CanRead, CanRun, Visit

router = APIRouter(prefix="/runs", tags=["runs"])
_BEFORE = 20
"""So many runs before tell how long one takes."""
_Name = Annotated[str | None, Query(max_length=200)]


@router.get("", operation_id="list_runs", response_model=shape.Runs)
def list_runs(
    visit: CanRead,
    *,
    status: RunStatus | None = None,
    type: RunType | None = None,
    connection: _Name = None,
    model: _Name = None,
    since: Annotated[paging.Moment | None, Query(description="Created then or later.")] = None,
    after: paging.After = None,
    limit: paging.Limit = 50,
) -> dict[str, Any]:
    """The runs that fit, newest first, a page at a time: `next` is the `after` of the next page."""
    wanted = Search(
        connection=connection,
        model=model,
        status=status,
        type=type,
        since=since,
        after=paging.place(after),
        limit=limit + 1,
    )
    found = visit.store.search(wanted)
    return paging.listed(found, limit, Run.as_json, lambda run: Place(run.created_at, run.id))


@router.get("/{run}", operation_id="read_run", response_model=shape.RunInFull)
def read_run(run: RunId, visit: CanRead) -> dict[str, Any]:
    """One run, with how far its models are and why it stands as it does (P1.3, P6.15)."""
    found = visit.run(run)
    why = [{"rule": reason.rule, "text": reason.text} for reason in reasons(found)]
    page = visit.site.starter.page_of(found) or None
    return found.as_json() | {"models": _models(visit, found), "reasons": why, "page": page}


@router.get("/{run}/models", operation_id="list_run_models")
def list_run_models(run: RunId, visit: CanRead) -> shape.ModelRuns:
    """The models of a run: the step each is in or ended at, and its counts."""
    return {"items": _models(visit, visit.run(run)), "next": None}


@router.get("/{run}/models/{model}", operation_id="read_run_model")
def read_run_model(run: RunId, model: ModelName, visit: CanRead) -> shape.ModelRun:
    """One model of a run."""
    found = visit.run(run)
    return _models(visit, replace(found, models=(visit.part(found, model),)))[0]


@router.get("/{run}/files", operation_id="list_run_files")
def list_run_files(run: RunId, visit: CanRead) -> shape.RunFiles:
    """The files that a run has made; `url` where they may be downloaded (P1.18)."""
    found = visit.run(run)
    files = [(model.model, file) for model in found.models for file in model.files]
    return {"items": [_file(visit, found, model, file) for model, file in files], "next": None}


@router.get("/{run}/log", operation_id="list_run_log", response_model=shape.Lines)
def list_run_log(
    run: RunId, visit: CanRead, *, after: paging.Offset = None, limit: paging.Limit = 50
) -> dict[str, Any]:
    """What was said while the run went on, oldest first: retries, warnings, what functions log.

    While it goes on more lines may come: with as many as you have as `after` you get those.
    """
    start = paging.offset(after)
    found = visit.store.log(visit.run(run).id, start=start, limit=limit + 1)
    more = str(start + limit) if len(found) > limit else None
    return {"items": [line.as_json() for line in found[:limit]], "next": more}


@router.post("/{run}/cancel", operation_id="cancel_run", status_code=202, response_model=shape.Run)
def cancel_run(run: RunId, visit: CanRun) -> dict[str, Any]:
    """Have a run end after the model it is at, or not begin; what is committed stays (R30)."""
    found = visit.run(run)
    if not found.status.is_active:
        raise Problem(409, f"the run has ended: {found.result or found.status}")
    visit.store.cancel(found.id, visit.caller.id)
    visit.note("run cancelled", found.id, connection=found.connection)
    return visit.run(run).as_json()


def _models(visit: Visit, run: Run) -> list[shape.ModelRun]:
    """The models with what is left of those that are running, by how long it took the last times."""
    shown: list[shape.ModelRun] = run.as_json()["models"]
    is_on = any(model.status is RunStatus.RUNNING for model in run.models)
    before = visit.store.search(Search(connection=run.connection, limit=_BEFORE)) if is_on else []
    for one, model in zip(shown, run.models, strict=True):
        left = outlook(model, before, datetime.now(UTC))
        one["share"], one["secondsLeft"] = left.share, left.seconds
    return shown


def _file(visit: Visit, run: Run, model: str, file: str) -> shape.RunFile:
    """A file, by its name in its place; its own address is for those alone who run the workspace."""
    connection = visit.connections.get(run.connection)
    url = published(visit.site.workspace, connection, model, file) if connection else ""
    return {"model": model, "name": PurePosixPath(file).name, "url": url or None}
