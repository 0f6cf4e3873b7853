"""One connection: its models, how far behind they are, its settings and where each comes from."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from syncline.connection import Connection
from syncline.model import SyncMode
from syncline.publication.feed import feeds
from syncline.web.link import is_open, path, way
from syncline.web.page import page
from syncline.web.pages import chart
from syncline.web.pages.overview import HEALTH, glance
from syncline.web.pages.start import modes
from syncline.web.visit import CanRead, Visit

router = APIRouter()


@router.get("/connections/{connection}", response_class=HTMLResponse)
def connection(request: Request, connection: str, visit: CanRead) -> HTMLResponse:
    """One connection."""
    found = visit.connection(connection)
    seen = glance(visit, found, chart.ROOM)
    allowed = modes(found)
    return page(
        request,
        "connection.html",
        one=seen,
        health=HEALTH,
        connection=found,
        modes=allowed,
        label="Refresh" if allowed[0] is SyncMode.INCREMENTAL else "Run in full",
        synced={name for name, model in seen.models.items() if model.as_of is not None},
        entries=visit.store.entries(found.name),
        settings=_settings(visit, found.name),
        latest=_latest(visit, found),
        charts=(("Rows changed", chart.changed(seen.runs)), ("Duration", chart.lasted(seen.runs))),
        width=chart.WIDTH,
        height=chart.HEIGHT,
    )


def _settings(visit: Visit, connection: str) -> list[tuple[str, list[Any]]]:
    """The settings with where each comes from, by model; the connection's own first."""
    explained = visit.site.workspace.explain(connection)
    return [(model, list(group)) for model, group in groupby(explained, key=lambda one: one.model)]


def _latest(visit: Visit, connection: Connection) -> list[tuple[str, str]]:
    """The constant addresses of the newest files, where that is enabled (P1.19, P1.20)."""
    storage, tenant = visit.site.workspace.storage, visit.caller.tenant
    return [
        (f"{model.name}/{end}", path(tenant, connection.name, model.name, end))
        for model in connection.in_order()
        for made in feeds(model.publish, storage, tenant, connection.name, model.name)
        if is_open(connection, end := way(made))
    ]
