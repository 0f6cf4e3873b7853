"""All runs (P4.3): filtered, searched, a page at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, StringConstraints
from starlette.responses import HTMLResponse

from syncline.connection import Connection
from syncline.insight.find import Known, find
from syncline.run import Run, RunResult, RunStatus, RunType
from syncline.search import Place, Search
from syncline.web import paging
from syncline.web.page import page
from syncline.web.pages.start import modes
from syncline.web.pages.who import people, who
from syncline.web.visit import CanRead, Visit

router = APIRouter()
SHOWN = 50
LISTED = 12
"""So many connections are offered beside each other; of more one is chosen first."""
TOLD = (RunResult.SUCCESS, RunResult.ERROR)
"""Results that a status tells already."""
STATUSES = {"Status": list(RunStatus), "Result": [one for one in RunResult if one not in TOLD]}
SINCE = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
SPANS = (("1h", "last hour"), ("24h", "last 24 hours"), ("7d", "last 7 days"), ("30d", "last 30 days"))
_Text = Annotated[str, StringConstraints(max_length=200)]


class Filter(BaseModel):
    """What is chosen above the table; empty: whatever."""

    status: _Text = ""
    type: _Text = ""
    connection: _Text = ""
    model: _Text = ""
    since: _Text = ""
    q: _Text = ""
    after: paging.After = None

    def __bool__(self) -> bool:
        """Whether anything is chosen."""
        return any(self.model_dump(exclude={"after"}).values())

    def search(self, now: datetime) -> Search:
        """The runs that fit; what is no choice at all is none."""
        since = SINCE.get(self.since)
        return Search(
            connection=_plain(self.connection),
            model=_plain(self.model),
            status=RunStatus(self.status) if self.status in set(RunStatus) else None,
            result=RunResult(self.status) if self.status in set(RunResult) else None,
            type=RunType(self.type) if self.type in set(RunType) else None,
            since=now - since if since else None,
            after=paging.place(self.after or None),
            limit=SHOWN + 1,
        )

    def address(self, after: str = "") -> str:
        """The address of this page, from there on."""
        parts = self.model_dump() | {"after": after}
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"/settings/syncs?{query}" if query else "/settings/syncs"


@router.get("/settings/syncs", response_class=HTMLResponse)
def syncs(request: Request, visit: CanRead, chosen: Annotated[Filter, Query()]) -> HTMLResponse:
    """The runs that fit, newest first."""
    names = people(visit)
    known = Known(visit.connections, names)
    found = find(visit.store, chosen.search(datetime.now(UTC)), _plain(chosen.q) or "", known)
    runs = found[:SHOWN]
    more = paging.after(Place(runs[-1].created_at, runs[-1].id)) if len(found) > SHOWN else ""
    return page(
        request,
        "syncs.html",
        runs=runs,
        who={run.id: who(run, names) for run in runs},
        chosen=chosen,
        older=chosen.address(more) if more else "",
        newest=chosen.address() if chosen.after else "",
        spans=SPANS,
        statuses=STATUSES,
        types=list(RunType),
        choices=_choices(visit, runs),
        known=visit.connections,
        connections=_offered(visit, chosen.connection),
        most=LISTED,
        modes=modes,
    )


def _plain(text: str) -> str | None:
    """A text as a database can compare it."""
    return text.replace("\0", "").encode(errors="replace").decode() or None


def _choices(visit: Visit, runs: list[Run]) -> dict[str, list[str]]:
    models = {model.name for one in visit.connections.values() for model in one.models}
    return {"connections": sorted({*visit.connections, *(run.connection for run in runs)}), "models": sorted(models)}


def _offered(visit: Visit, connection: str) -> list[Connection]:
    """The connections that can be run from here."""
    names = [connection] if connection in visit.connections else sorted(visit.connections)
    return [visit.connections[name] for name in names]
