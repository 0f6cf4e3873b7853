"""Starting runs from a page: by the split button, again for what was rejected, and for what was approved."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from syncline.connection import Connection
from syncline.errors import Busy
from syncline.model import SyncMode
from syncline.request import ModelRequest, Request, moment
from syncline.web.approval import approval
from syncline.web.page import redirect
from syncline.web.problem import Problem
from syncline.web.session import Fields, filled
from syncline.web.visit import CanRun, Visit

router = APIRouter()
ORDER = (SyncMode.INCREMENTAL, SyncMode.FULL, SyncMode.FROM_DATE)


def modes(connection: Connection) -> list[SyncMode]:
    """How a connection may be run, the first choice first; what is not allowed is not offered (P1.14-P1.17)."""
    dated = any(model.cursor for model in connection.models)
    return [mode for mode in ORDER if mode in connection.features and (dated or mode is not SyncMode.FROM_DATE)]


@router.post("/connections/{connection}/run")
def start(connection: str, visit: CanRun, fields: Fields) -> Response:
    """Start a run as the form asks for, and go to it."""
    return begin(visit, visit.connection(connection), _request(fields))


@router.post("/connections/{connection}/approve")
def approve(connection: str, visit: CanRun, fields: Fields) -> Response:
    """Let withheld deletions go: those of the list that was shown (R26)."""
    model, shown = filled(fields, "model"), filled(fields, "list")
    if not model or not shown:
        raise Problem(422, "it is not said what is approved", hint="look at the list again")
    found = visit.connection(connection)
    return begin(visit, found, approval(visit, found, {model: shown}))


@router.post("/settings/syncs/{run}/cancel")
def cancel(run: str, visit: CanRun) -> Response:
    """Have a run end after the model it is at."""
    found = visit.run(run)
    if found.status.is_active:
        visit.store.cancel(found.id, visit.caller.id)
        visit.note("run cancelled", found.id, connection=found.connection)
    return redirect(f"/settings/syncs/{found.id}")


def begin(visit: Visit, connection: Connection, request: Request) -> Response:
    """Start a run and go to it; where one is going on, go to that one, which says so unless it does the same (R29)."""
    try:
        run = visit.site.starter.start(connection.name, request, created_by=visit.caller.id)
    except Busy as busy:
        told = "" if visit.run(busy.run).request.covers(request, connection) else "?busy=1"
        return redirect(f"/settings/syncs/{quote(busy.run)}{told}")
    visit.note("run started", run.id, connection=connection.name)
    return redirect(f"/settings/syncs/{run.id}")


def _request(fields: FormData) -> Request:
    mode, since = filled(fields, "mode"), filled(fields, "sync_from")
    named = [str(value) for value in fields.getlist("model")]
    if mode not in set(SyncMode):
        raise Problem(422, "it is not said how much is to be read", hint=f"one of {', '.join(SyncMode)}")
    if mode != SyncMode.FROM_DATE:
        return Request(full_sync=mode == "full", data_models_to_sync=tuple(ModelRequest(name) for name in named))
    if not since or not named:
        raise Problem(422, "a run from a date needs the date, and the models it is for")
    return Request(data_models_to_sync=tuple(ModelRequest(name, moment(since)) for name in named))
