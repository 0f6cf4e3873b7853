"""Published files: whole, in part, or not at all if one has them already (P1.18-P1.21)."""

from __future__ import annotations

import hashlib
import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from syncline.errors import ConfigError, DataError, TransientError
from syncline.people import Caller, Role, Scope
from syncline.publication import Access
from syncline.publication.feed import Feed, feeds
from syncline.publication.place import File
from syncline.web.link import is_open, is_signed, path
from syncline.web.partial import Content
from syncline.web.problem import Problem, forbidden, not_found
from syncline.web.site import address_of, site_of
from syncline.web.visit import COMPANY, Visit, caller_of

router = APIRouter(include_in_schema=False)
_LOG = logging.getLogger("syncline.web")
_NAME = re.compile(r"(?:versions|deltas)/[A-Za-z0-9_~%-]+")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:; charset=[\w.-]+)?", re.ASCII)
_LENT = timedelta(minutes=5)
_LOOKS = 5


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an address speaks of."""

    tenant: str
    connection: str
    model: str
    way: str


@dataclass(frozen=True, slots=True)
class _Found:
    """The publication that it belongs to, and its name in its place."""

    feed: Feed
    name: str


@router.api_route("/files/{tenant}/{connection}/{model}/{way:path}", methods=["GET", "HEAD"])
def fetch(request: Request, tenant: str, connection: str, model: str, way: str) -> Response:
    """A published file, for who may have it: `latest.csv`, `versions/….csv`, or `prices/latest.csv`."""
    asked = _Asked(tenant, connection, model, way)
    found = _found(request, asked)
    _let_in(request, asked, found.feed.publication.access if found else Access.KEY)
    if found is None:
        not_found(f"file {way}")
    try:
        return _answer(request, found)
    except (TransientError, ConfigError) as error:  # where files lie is nobody's business who fetches them
        _LOG.warning("%s", error)
        raise Problem(503, "the file cannot be reached now", hint="try again later") from error


def _let_in(request: Request, asked: _Asked, access: Access) -> None:
    """See that who asks may have it; a stranger learns nothing of what there is."""
    if access is Access.PUBLIC:
        return
    told = request.query_params
    if "signature" in told:
        own = path(asked.tenant, asked.connection, asked.model, asked.way)
        seal = site_of(request).workspace.seal
        if not is_signed(seal, own, told.get("expires", ""), told["signature"], datetime.now(UTC)):
            forbidden("this link does not hold, or not any more", "ask who gave it to you for a new one")
        if access is Access.SIGNED:
            return
    caller = caller_of(request)
    if not caller.may(Scope.SYNC_READ):
        forbidden(f"this needs the scope `{Scope.SYNC_READ}`", "or a link to the file, where it is for such")
    Visit(site_of(request), caller, address_of(request)).acting_for(request.headers.get(COMPANY, caller.tenant))
    if not caller.may_act_for(asked.tenant):
        not_found(f"file {asked.way}")


def _found(request: Request, asked: _Asked) -> _Found | None:
    """What the address speaks of, if the connection lets people download it (P1.20)."""
    anybody = Caller(asked.tenant, Role.VIEWER, frozenset(), "anybody who fetches a file")
    visit = Visit(site_of(request), anybody, address_of(request))
    connection = visit.connections.get(asked.connection)
    if connection is None or not is_open(connection, asked.way):
        return None
    files = [made for sync in connection.models if sync.name == asked.model for made in sync.publish]
    storage = visit.site.workspace.storage
    every = feeds(files, storage, asked.tenant, asked.connection, asked.model)
    return next((_Found(feed, name) for feed in every if (name := _name(feed, asked.way))), None)


def _name(feed: Feed, way: str) -> str:
    """The name in its place of what lies at this end of an address; empty: this is no file of this publication."""
    own = feed.publication.name
    name = way.removeprefix(f"{own}/") if own else way
    if own and name == way:
        return ""
    stem = name.removesuffix(feed.publication.suffix)
    return name if name == feed.link or (stem != name and _NAME.fullmatch(stem)) else ""


def _answer(request: Request, found: _Found) -> Response:
    for _ in range(_LOOKS):
        with suppress(DataError):  # it was taken away between two looks, or cannot be the name of a file
            return _sent(request, found, _version(found) or not_found(f"file {found.name}"))
    return not_found(f"file {found.name}")


def _version(found: _Found) -> File | None:
    """The file as it lies there; for latest, the version that it shows at this moment."""
    place = found.feed.place
    if found.name != found.feed.link:
        return place.find(found.name)
    seen, name = "", place.shown(found.name)
    while name != seen:  # what latest shows is never removed, but it may have moved on
        if (file := place.find(name)) is not None:
            return file
        seen, name = name, place.shown(found.name)
    return None


def _sent(request: Request, found: _Found, file: File) -> Response:
    """The answer for a version, which never changes: so tag, length and bytes belong together (Invariant 7)."""
    tag = hashlib.sha256(f"{file.name} {file.size} {file.at.timestamp()}".encode()).hexdigest()[:32]
    content = Content(f'"{tag}"', file.at, file.size)
    wanted = content.wanted(request.headers)
    headers = content.headers | {"Cache-Control": _cached(found)}
    if wanted.status == 304:  # noqa: PLR2004
        return Response(status_code=304, headers=headers)
    place, to = found.feed.place, found.feed.publication.to
    if request.method == "GET" and to is not None and to.redirect:
        return RedirectResponse(place.lent(file.name, _LENT), 307, {"Cache-Control": "no-store"})
    headers |= _told(found.feed, file) | {"Content-Length": str(wanted.stop - wanted.start)}
    if wanted.status == 206:  # noqa: PLR2004
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{file.size}"
    if request.method == "HEAD":
        return Response(status_code=wanted.status, headers=headers)
    return StreamingResponse(place.pieces(file.name, wanted.start, wanted.stop), wanted.status, headers)


def _told(feed: Feed, file: File) -> dict[str, str]:
    """What kind of file it is (P1.21): what was noted when it was made, if that is a kind of file."""
    told = feed.headers()
    noted = file.about.get("Content-Type", "")
    kind = noted if _TYPE.fullmatch(noted) else told["Content-Type"]
    return {"Content-Type": kind, "Content-Disposition": told["Content-Disposition"]}


def _cached(found: _Found) -> str:
    """How long it may be kept: a version for ever if it is for anybody; else whoever asks again is looked at again."""
    if found.feed.publication.access is not Access.PUBLIC:
        return "private, no-cache"
    return "public, no-cache" if found.name == found.feed.link else "public, max-age=31536000, immutable"
