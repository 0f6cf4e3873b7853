"""The keys of programs: made, shown once, and revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from syncline.errors import ConfigError
from syncline.people import Scope
from syncline.request import moment
from syncline.web.page import page, redirect
from syncline.web.session import Fields, filled
from syncline.web.visit import CanAdmin, Visit

router = APIRouter()


@router.get("/settings/keys", response_class=HTMLResponse)
def keys(request: Request, visit: CanAdmin) -> HTMLResponse:
    """All keys."""
    return _page(request, visit)


@router.post("/settings/keys", response_class=HTMLResponse)
def create(request: Request, visit: CanAdmin, fields: Fields) -> HTMLResponse:
    """A new key: the answer is the only page that ever shows it."""
    chosen = [scope for scope in Scope if scope in fields.getlist("scope")]
    given = _Given(filled(fields, "name"), filled(fields, "expires"), tuple(chosen))
    try:
        made, text = visit.people.create_key(given.name.strip(), chosen, expires_at=_until(given.expires))
    except ConfigError as error:
        return _page(request, visit, given, status=422, error=error.message)
    return _page(request, visit, made=made.name, text=text)


@router.post("/settings/keys/{key}/revoke")
def revoke(key: str, visit: CanAdmin) -> Response:
    """Let a key in no more."""
    visit.people.revoke(key)
    return redirect("/settings/keys")


@dataclass(frozen=True, slots=True)
class _Given:
    """What stands in the form of a new key."""

    name: str = ""
    expires: str = ""
    scopes: tuple[Scope, ...] = (Scope.SYNC_READ,)


def _until(day: str) -> datetime | None:
    """The beginning of the day on which a key ends; None: it does not.

    Raises:
        ConfigError: it is none, or over.
    """
    until = moment(day) if day else None
    if until and until <= datetime.now(UTC):
        raise ConfigError(f"{day} is over, so the key would let nobody in")
    return until


def _page(
    request: Request,
    visit: Visit,
    given: _Given | None = None,
    *,
    status: int = 200,
    error: str = "",
    made: str = "",
    text: str = "",
) -> HTMLResponse:
    known = visit.people
    now = datetime.now(UTC)
    return page(
        request,
        "keys.html",
        status=status,
        known=[(key, key.is_over(now)) for key in known.keys()],  # noqa: SIM118 - they are keys of programs
        scopes=SCOPES,
        given=given or _Given(),
        tomorrow=f"{now + timedelta(days=1):%Y-%m-%d}",
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
