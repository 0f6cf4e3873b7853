"""Connections."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from syncline.web.api.shape.page import Id, Paged


class Schedule(TypedDict):
    """When a model is synced by itself."""

    every: Annotated[float | None, Field(description="Seconds.")]
    cron: str | None
    timezone: str
    mode: str


Model = TypedDict(
    "Model",
    {
        "name": str,
        "from": str,
        "key": list[str],
        "cursor": str | None,
        "table": str,
        "priority": int,
        "schedule": Schedule | None,
        "files": list[str],
    },
)


class Connection(TypedDict):
    """A connection; settings of its ends are not shown, for there may be secrets among them."""

    name: str
    source: Annotated[str, Field(description="What kind of source it is.")]
    destination: str | None
    features: list[str]
    editable: Annotated[bool, Field(description="Whether it may be changed by the API.")]
    activeRun: Id | None
    models: list[Model]


class Broken(TypedDict):
    """A file of a connection that cannot be used."""

    file: str
    problem: str


class Connections(Paged):
    """All connections, and what is wrong with those that cannot be used."""

    items: list[Connection]
    errors: list[Broken]


class Finding(TypedDict):
    """What was found out about a model, or about what all models need."""

    connection: str
    model: str
    columns: int
    key: list[str]
    table: str
    problem: Annotated[str, Field(description="Empty: there is none.")]


class Checked(TypedDict):
    """Whether a connection can run."""

    ok: bool
    findings: list[Finding]
