"""One run: its steps, its models, what it changed and what it could not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from syncline.connection import Download
from syncline.insight.log import timeline
from syncline.insight.outlook import Outlook, outlook
from syncline.insight.reason import reasons
from syncline.owed import AWAITING
from syncline.people import Role
from syncline.run import CANCELLED_BY, Entry, ModelRun, Run, RunStatus
from syncline.search import Search
from syncline.web.link import published
from syncline.web.page import page
from syncline.web.pages.who import people, who
from syncline.web.visit import CanRead, Visit

router = APIRouter()
_BEFORE = 20
FEW = 6
"""So many reasons and models are shown at length."""
SHOWN_LINES = 200


@router.get("/settings/syncs/{run}", response_class=HTMLResponse)
def sync(request: Request, run: str, visit: CanRead, *, busy: bool = False) -> HTMLResponse:
    """One run."""
    found = visit.run(run)
    now = datetime.now(UTC)
    connection = visit.connections.get(found.connection)
    log = timeline(found, visit.store.log(found.id))
    return page(
        request,
        "sync.html",
        run=found,
        now=now,
        lasting_steps=lasting_steps,
        busy=busy and found.status.is_active,
        is_active=found.status.is_active,
        is_ending=CANCELLED_BY in found.infos,
        who=who(found, people(visit)),
        reasons=reasons(found),
        few=FEW,
        outlooks=_outlooks(visit, found, now),
        entries=_entries(visit, found),
        lists=_lists(visit, found),
        waiting=AWAITING,
        connection=connection,
        files=_files(visit, found),
        log=log[-SHOWN_LINES:],
        earlier=max(len(log) - SHOWN_LINES, 0),
        prefect=visit.site.starter.page_of(found) if visit.caller.role is Role.SYSTEM_ADMIN else "",
    )


def lasting_steps(model: ModelRun, now: datetime) -> list[tuple[str, float, bool]]:
    """The steps of a model: name, how many seconds it took or takes, and whether it is going on."""
    if not model.steps:
        return []
    ends = [step.started_at for step in model.steps[1:]] + [model.ended_at or now]
    going = model.status is RunStatus.RUNNING
    last = len(model.steps) - 1
    return [
        (step.name, (end - step.started_at).total_seconds(), going and index == last)
        for index, (step, end) in enumerate(zip(model.steps, ends, strict=True))
    ]


def _outlooks(visit: Visit, run: Run, now: datetime) -> dict[str, Outlook]:
    if run.status is not RunStatus.RUNNING:
        return {}
    before = visit.store.search(Search(connection=run.connection, status=RunStatus.SUCCEEDED, limit=_BEFORE))
    return {model.model: outlook(model, before, now) for model in run.models}


def _entries(visit: Visit, run: Run) -> dict[str, list[Entry]]:
    """What the run noted as owed, and what its models owe now by a later run; by model."""
    noted = visit.store.entries(run.connection, run=run.id, closed=True)
    later = [entry for entry in visit.store.entries(run.connection) if entry.run != run.id]
    shown = {model.model: [entry for entry in (*noted, *later) if entry.model == model.model] for model in run.models}
    return {model: found for model, found in shown.items() if found}


def _lists(visit: Visit, run: Run) -> dict[str, str]:
    """The list of what each model owes now, by which it is approved (R26)."""
    heads = visit.store.heads(run.connection) if run.connection in visit.connections else {}
    return {model: head.owed_list for model, head in heads.items() if head.owed_list}


def _files(visit: Visit, run: Run) -> list[dict[str, str]]:
    """The files that the run has made, with where they may be fetched (P1.18, P1.20), or why not."""
    connection, place = visit.connections.get(run.connection), visit.site.workspace
    why = ""
    if connection:
        is_on = Download.FILE in connection.downloads
        why = "no longer kept" if is_on else f"for a download, `features:` of the connection must name {Download.FILE}"
    files = [(model.model, file) for model in run.models for file in model.files]
    ways = [published(place, connection, model, file) if connection else "" for model, file in files]
    return [
        {"model": model, "name": PurePosixPath(file).name, "way": way, "why": "" if way else why}
        for (model, file), way in zip(files, ways, strict=True)
    ]
