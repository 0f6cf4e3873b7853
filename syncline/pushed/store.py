"""What the memory of pushed rows must be able to do (R32, R33)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from syncline.errors import DataError


@dataclass(frozen=True, slots=True)
class Change:
    """What one request does to one model of one company.

    Args:
        rows: GUID -> the row as JSON, of items to keep.
        gone: the GUIDs of items to delete.
    """

    company: str
    model: str
    rows: Mapping[str, str] = field(default_factory=dict)
    gone: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many items were new, known, and deleted; `is_replay` if an earlier request had done it already."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """By what a request is known when it comes again: a key of the caller's, and a digest of all that was asked."""

    key: str
    digest: str


class Reused(DataError):
    """The key of an earlier request came with another request."""


class PushStore(Protocol):
    """Pushed rows. Reads are of one company; what is written says whose it is."""

    def push(self, changes: Sequence[Change], ticket: Ticket | None = None) -> Outcome:
        """Take all of it in, or nothing.

        Each row that changes gets the next number of its company and model, under a lock that is held until the
        commit: who has seen a number will not see a lower one appear (R33). A ticket makes a request count once, for a
        day.

        Raises:
            Reused: the ticket was used for something else.
        """

    def latest(self, model: str) -> int:
        """The highest number so far."""

    def forgotten(self, model: str) -> int:
        """The highest number of a deletion that is not remembered any more."""

    def rows(self, model: str, *, after: str, limit: int) -> list[tuple[str, str]]:
        """GUIDs and rows in the order of the GUID."""

    def changes(self, model: str, *, after: int, until: int, limit: int) -> list[tuple[int, str, str | None]]:
        """Numbers, GUIDs and rows in the order of the number; None: the row is deleted."""

    def forget(self, model: str, until: int) -> None:
        """Deletions up to this number need not be remembered any more."""
