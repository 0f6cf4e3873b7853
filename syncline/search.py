"""Looking through the history of runs, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from syncline.line import Line
from syncline.model import JSON
from syncline.request import Request
from syncline.run import Run, RunResult, RunStatus, RunType, Store


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the history: after the run that was created then and has this id."""

    created_at: datetime
    run: str


@dataclass(frozen=True, slots=True)
class Search:
    """Which runs are wanted, newest first; None: whatever.

    Args:
        connection: of this connection.
        model: which had to do with this model.
        status, result, type: that are so.
        begins: whose id begins so.
        created_by: started by this person or key.
        fences: which held their connection with one of these.
        since, until: created at or after, and before.
        after: that come after this place.
        limit: at most so many.
    """

    connection: str | None = None
    model: str | None = None
    status: RunStatus | None = None
    result: RunResult | None = None
    type: RunType | None = None
    begins: str | None = None
    created_by: str | None = None
    fences: tuple[int, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: Place | None = None
    limit: int = 50


class ServiceStore(Store, Protocol):
    """What the service asks of a store beside what runs need: the history looked through, and runs that wait."""

    def search(self, wanted: Search) -> list[Run]:
        """The runs that are wanted, newest first."""

    def log(self, run: str, *, start: int = 0, limit: int | None = None) -> list[Line]:
        """What was said while a run went on, from line `start` on; None: nothing is left out."""

    def schedule_run(
        self, connection: str, request: Request, *, runner: str, created_by: str, sealed: str | None = None
    ) -> Run:
        """Note a run that somebody else is to begin, with `open_run`; `sealed` is kept with it until then (R31)."""

    def sealed(self, run: str) -> str:
        """What is under seal of a run that waits; empty: nothing, or it waits no more."""

    def withdraw(self, run: str, result: RunResult, infos: Mapping[str, JSON]) -> bool:
        """End a run that has not begun; False: it has."""
