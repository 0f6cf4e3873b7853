"""All connections: how they are, at a glance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, StringConstraints
from starlette.responses import HTMLResponse

from syncline.connection import Connection
from syncline.insight.freshness import Freshness, freshness
from syncline.run import Run, RunStatus
from syncline.search import Search
from syncline.web.page import page
from syncline.web.visit import CanRead, Visit

router = APIRouter()
_RECENT = 20
MANY = 6
"""More connections than these can be searched."""
HEALTH = {"bad": "failed", "waits": "to look at", "busy": "at work", "good": "in step", "new": "never run"}


@dataclass(frozen=True, slots=True)
class Glance:
    """One connection at a glance, with its latest runs and how its models stand."""

    connection: Connection
    runs: list[Run]
    models: dict[str, Freshness]

    @property
    def owed(self) -> int:
        """How many rows are owed."""
        return sum(sum((model.owing or {}).values()) for model in self.models.values())

    @property
    def is_late(self) -> bool:
        """Whether a model has missed its turns."""
        return any(model.is_late for model in self.models.values())

    @property
    def health(self) -> str:
        """One of HEALTH: at work, failed, something is owed or late, never run, or in step."""
        if not self.runs:
            return "new"
        if self.runs[0].status.is_active:
            return "busy"
        parts = [model.part for model in self.models.values() if model.part is not None]
        if self.runs[0].status is RunStatus.FAILED or any(part.status is RunStatus.FAILED for part in parts):
            return "bad"
        return "waits" if self.owed or self.is_late else "good"


class Filter(BaseModel):
    """What is chosen above the cards; empty: whatever."""

    q: Annotated[str, StringConstraints(max_length=200)] = ""
    health: Annotated[str, StringConstraints(max_length=20)] = ""

    def fits(self, one: Glance) -> bool:
        """Whether a connection is like that."""
        words = self.q.strip().lower()
        names = (one.connection.name, *one.models)
        return self.health in ("", one.health) and any(words in name.lower() for name in names)


@router.get("/", response_class=HTMLResponse)
def overview(request: Request, visit: CanRead, chosen: Annotated[Filter, Query()]) -> HTMLResponse:
    """All connections, with how far behind they are and what waits for somebody."""
    glances = [glance(visit, one) for _, one in sorted(visit.connections.items())]
    return page(
        request,
        "overview.html",
        glances=[one for one in glances if chosen.fits(one)],
        total=len(glances),
        counts=Counter(one.health for one in glances),
        health=HEALTH,
        chosen=chosen,
        many=MANY,
        errors=visit.errors,
    )


def glance(visit: Visit, connection: Connection, limit: int = _RECENT) -> Glance:
    """One connection, with its latest runs."""
    runs = visit.store.search(Search(connection=connection.name, limit=limit))
    heads = visit.store.heads(connection.name)
    return Glance(connection, runs, freshness(visit.caller.tenant, connection, runs, heads, datetime.now(UTC)))
