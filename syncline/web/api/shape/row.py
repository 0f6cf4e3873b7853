"""Rows: sent, owed, and on their journey."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from syncline.changes import Operation
from syncline.web.api.shape.page import Id, Moment, Paged, Row


class Change(TypedDict):
    """A row that was sent."""

    operation: Operation
    before: Row | None
    after: Row | None


class Entry(TypedDict):
    """Rows that are owed for one reason."""

    id: Id
    connection: str
    model: str
    kind: str
    reason: str
    count: int
    sample: Annotated[list[str], Field(description="Some of their keys.")]
    run: Id
    createdAt: Moment | None
    closedAt: Moment | None


class OwedRow(TypedDict):
    """A row that is owed."""

    key: Row
    kind: str
    reason: str


class Owed(Paged):
    """Rows that are owed."""

    items: list[OwedRow]
    list: Annotated[str | None, Field(description="The name of this very list, by which deletions of it are approved.")]


class Event(TypedDict):
    """Something that happened to a row."""

    at: Moment
    run: Id | None
    operation: Operation | None
    kind: str | None
    reason: str | None
    settled: bool
    before: Row | None
    after: Row | None


class Journey(Paged):
    """All that happened to a row, newest first."""

    items: list[Event]
    key: Row


class Changes(Paged):
    """Rows that were sent."""

    items: list[Change]


class Entries(Paged):
    """What is owed, by reason."""

    items: list[Entry]
