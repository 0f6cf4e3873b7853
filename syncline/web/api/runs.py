"""Runs, as programs see them (P4.6)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from syncline.run import Run, RunStatus, RunType
from syncline.search import Place, Search
from syncline.web import paging
from syncline.web.visit import CanRead

router = APIRouter(prefix="/runs", tags=["runs"])
_Name = Annotated[str | None, Query(max_length=200)]


@router.get("", operation_id="list_runs")
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


@router.get("/{run}", operation_id="read_run")
def read_run(run: str, visit: CanRead) -> dict[str, Any]:
    """One run, with how far its models are."""
    return visit.run(run).as_json()
