"""All connections: how they are, at a glance."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from syncline.search import Search
from syncline.web.page import page
from syncline.web.visit import CanRead

router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def overview(request: Request, visit: CanRead) -> HTMLResponse:
    """All connections with their last run."""
    latest = {name: visit.store.search(Search(connection=name, limit=1)) for name in sorted(visit.connections)}
    return page(request, "overview.html", latest=latest, errors=visit.errors)
