"""All runs (P4.3)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from syncline.search import Search
from syncline.web.page import page
from syncline.web.visit import CanRead

router = APIRouter()


@router.get("/settings/syncs", response_class=HTMLResponse)
def syncs(request: Request, visit: CanRead) -> HTMLResponse:
    """The latest runs."""
    return page(request, "syncs.html", runs=visit.store.search(Search(limit=50)))
