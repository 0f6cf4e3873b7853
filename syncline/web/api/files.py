"""The published files of a model: their versions, going back to one of them, and links for who has no key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from syncline.connection import Connection
from syncline.pipeline.release import roll_back
from syncline.pipeline.work import home
from syncline.publication.feed import Feed, feeds
from syncline.run import told
from syncline.web import paging
from syncline.web.api import shape
from syncline.web.api.body import Body, ConnectionName, ModelName
from syncline.web.link import is_open, link, path, way
from syncline.web.problem import At, invalid
from syncline.web.site import root_of
from syncline.web.visit import CanRead, CanRun, Visit

router = APIRouter(prefix="/connections/{connection}/models/{model}/files", tags=["files"])
_WEEK = 7 * 24 * 3600
_Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9_~%-]{1,240}$", description="As the list of versions names it.")]
_File = Annotated[str, Field(max_length=300, description="As the list names it, e.g. PRICES.csv; left out: all.")]


class VersionToShow(Body):
    """A version that latest is to show again."""

    version: _Version
    file: _File = ""


class LinksToMake(Body):
    """Files to which links are wanted."""

    file: _File = ""
    version: _Version | None = Field(default=None, description="Left out: the link always shows the latest.")
    expires_in: int = Field(default=_WEEK, ge=60, le=366 * 24 * 3600, description="After how many seconds.")


@dataclass(frozen=True, slots=True)
class _Files:
    """The published files of a model, as somebody sees them."""

    visit: Visit
    connection: Connection
    feeds: list[Feed]

    def url(self, feed: Feed, name: str = "") -> str | None:
        """Where a file, or the latest, can be fetched; None: that is not enabled (P1.20)."""
        end = way(feed, name)
        is_there = is_open(self.connection, end)
        return path(self.visit.caller.tenant, self.connection.name, feed.model, end) if is_there else None


@router.get("", operation_id="list_files")
def list_files(
    connection: ConnectionName,
    model: ModelName,
    visit: CanRead,
    *,
    after: paging.After = None,
    limit: paging.Limit = 50,
) -> shape.Files:
    """The versions of the files of a model, newest first; `files` are their constant addresses."""
    files = _files(visit, connection, model)
    shown = {id(feed): feed.latest() for feed in files.feeds}
    every = [(version, feed) for feed in files.feeds for version in feed.versions()]

    def show(one: tuple[str, Feed]) -> shape.Version | None:
        return _shown(files, one[1], one[0], shown[id(one[1])])

    page = paging.cut(every, after, limit, show, lambda one: (one[0], one[1].name), is_falling=True)
    items = [item for item in page["items"] if item]
    return {"items": items, "next": page["next"], "files": [_file(files, one, shown[id(one)]) for one in files.feeds]}


@router.post("/rollback", operation_id="roll_back_files")
def roll_back_files(
    connection: ConnectionName, model: ModelName, body: VersionToShow, visit: CanRun
) -> shape.Published:
    """Have latest show an older version, until something newer is published; says as which version."""
    files = _files(visit, connection, model)
    known = [feed for feed in _chosen(files, body.file) if feed.find(body.version) is not None]
    if not known:
        invalid([At("there is no such version", ("version",))])
    storage = visit.site.workspace.storage
    done = roll_back(known, body.version, storage, home(visit.caller.tenant, connection, model))
    visit.note("file rolled back", f"{connection}/{model}", version=body.version)
    return {"items": [_file(files, feed, version) for feed, version in done], "next": None}


@router.post("/links", operation_id="make_links", status_code=201)
def make_links(
    request: Request, connection: ConnectionName, model: ModelName, body: LinksToMake, visit: CanRun
) -> shape.Links:
    """Addresses of files; those whose access is `signed` let in whoever has them, until they expire."""
    files = _files(visit, connection, model)
    root, time = root_of(request), timedelta(seconds=body.expires_in)
    items: list[shape.Link] = []
    for feed in _chosen(files, body.file):
        made = link(visit.site.workspace, files.connection, feed, body.version or "", time)
        expires = told(made.expires_at)
        items.append({"file": feed.name, "url": root + made.path, "access": made.access, "expiresAt": expires})
    visit.note("link to a file made", f"{connection}/{model}", version=body.version or "latest")
    return {"items": items, "next": None}


def _files(visit: Visit, connection: str, model: str) -> _Files:
    publish, storage = visit.model(connection, model).publish, visit.site.workspace.storage
    found = list(feeds(publish, storage, visit.caller.tenant, connection, model))
    return _Files(visit, visit.connection(connection), found)


def _chosen(files: _Files, file: str) -> list[Feed]:
    """The file of this name, or all of them."""
    known = [feed for feed in files.feeds if file in {"", feed.name}]
    return known or invalid([At("the model has no such file", ("file",))])


def _shown(files: _Files, feed: Feed, version: str, latest: str) -> shape.Version | None:
    """A version; None: it was removed since it was listed."""
    found = feed.find(version)
    if found is None:
        return None
    delta = feed.file(version, "deltas")
    has_delta = feed.publication.delta and feed.place.find(delta) is not None
    return {
        "file": feed.name,
        "version": version,
        "publishedAt": str(told(found.at)),
        "rows": int(found.about["rows"]) if "rows" in found.about else None,
        "size": found.size,
        "isLatest": version == latest,
        "url": files.url(feed, found.name),
        "deltaUrl": files.url(feed, delta) if has_delta else None,
    }


def _file(files: _Files, feed: Feed, latest: str) -> shape.File:
    """A file as a whole."""
    made = feed.publication
    return {
        "file": feed.name,
        "mediaType": made.media_type,
        "access": made.access,
        "latest": latest or None,
        "url": files.url(feed),
    }
