"""The keys of programs: made, shown once, and revoked."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from syncline.errors import ConfigError
from syncline.people import Scope
from syncline.request import moment
from syncline.web.page import page, redirect
from syncline.web.session import Fields
from syncline.web.visit import CanAdmin, Visit

router = APIRouter()


@router.get("/settings/keys", response_class=HTMLResponse)
def keys(request: Request, visit: CanAdmin) -> HTMLResponse:
    """All keys."""
    return _page(request, visit)


@router.post("/settings/keys", response_class=HTMLResponse)
def create(request: Request, visit: CanAdmin, fields: Fields) -> HTMLResponse:
    """A new key: the answer is the only page that ever shows it."""
    name, until = str(fields.get("name") or ""), str(fields.get("expires") or "")
    chosen = {scope for scope in Scope if scope in fields.getlist("scope")}
    try:
        made, text = visit.people.create_key(name.strip(), chosen, expires_at=moment(until) if until else None)
    except ConfigError as error:
        return _page(request, visit, status=422, error=error.message)
    return _page(request, visit, made=made.name, text=text)


@router.post("/settings/keys/{key}/revoke")
def revoke(key: str, visit: CanAdmin, fields: Fields) -> Response:  # noqa: ARG001 - the form is checked
    """Let a key in no more."""
    visit.people.revoke(key)
    return redirect("/settings/keys")


def _page(
    request: Request, visit: Visit, *, status: int = 200, error: str = "", made: str = "", text: str = ""
) -> HTMLResponse:
    known = visit.people
    now = datetime.now(UTC)
    return page(
        request,
        "keys.html",
        status=status,
        known=[(key, key.is_over(now)) for key in known.keys()],  # noqa: SIM118 - they are keys of programs
        scopes=SCOPES,
        error=error,
        made=made,
        text=text,
    )


SCOPES = {
    Scope.SYNC_READ: "look at syncs, connections and files",
    Scope.RUNS_WRITE: "start, cancel and approve runs",
    Scope.SYNC_WRITE: "push rows",
    Scope.ADMIN: "everything, people and keys too",
}
