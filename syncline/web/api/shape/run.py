"""Runs."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from syncline.line import Level
from syncline.run import RunResult, RunStatus, RunType
from syncline.web.api.shape.page import Id, Moment, Paged


class ModelAsked(TypedDict):
    """A model that a run was asked for."""

    data_model: str
    sync_from: NotRequired[Moment]


class FileAsked(TypedDict, total=False):
    """A file that was handed over; of its address host and path are known."""

    url: str
    path: str
    data_model: str
    source: str
    part: str
    attributes: dict[str, Any]


class Asked(TypedDict):
    """What a run was asked to do (R28)."""

    full_sync: bool
    data_models_to_sync: list[ModelAsked]
    resend: bool
    approve: dict[str, str]
    update: bool
    source_files: NotRequired[list[FileAsked]]


class Step(TypedDict):
    """A step and when it began; it lasted until the next one, or the end."""

    name: str
    startedAt: Moment


class Counts(TypedDict):
    """What happened to the rows of a model."""

    read: int
    inserted: int
    updated: int
    deleted: int
    rejected: int
    withheld: int
    late: int
    loaded: int


class ModelRun(TypedDict):
    """A model's part of a run."""

    model: str
    mode: Annotated[str, Field(description="How much was read: full, incremental, from_date, …")]
    status: RunStatus
    result: RunResult | None
    step: Annotated[str, Field(description="The step it is in, or ended at.")]
    counts: Counts
    plan: Annotated[str, Field(description="Under which name it was sent; empty: nothing was.")]
    files: Annotated[list[str], Field(description="The names of the files that were published.")]
    error: str
    startedAt: Moment | None
    endedAt: Moment | None
    steps: list[Step]
    share: NotRequired[Annotated[float | None, Field(description="How much is done, from 0 to 1.")]]
    secondsLeft: NotRequired[float | None]


class Run(TypedDict):
    """A sync (P4.6); the system alone sets its fields."""

    id: Id
    siteId: Annotated[str, Field(description="The company.")]
    connection: str
    type: RunType
    status: RunStatus
    result: RunResult | None
    infos: dict[str, Any]
    request: Asked
    createdAt: Moment
    startedAt: Moment | None
    endedAt: Moment | None
    updatedAt: Moment
    deletedAt: Moment | None
    runner: str
    createByUserId: str | None
    models: list[ModelRun]


class Reason(TypedDict):
    """A rule that had its say in how a run stands."""

    rule: str
    text: str


class RunInFull(Run):
    """A run, and why it stands as it does."""

    reasons: list[Reason]
    page: Annotated[str | None, Field(description="Where its orchestrator shows it.")]


class Line(TypedDict):
    """Something that was said while a run went on."""

    at: Moment
    level: Level
    model: str | None
    text: str


class RunFile(TypedDict):
    """A file that a run has made."""

    model: str
    name: str
    url: Annotated[str | None, Field(description="Where it is fetched; null: that is not enabled.")]


class Runs(Paged):
    """Runs, newest first."""

    items: list[Run]


class ModelRuns(Paged):
    """The models of a run."""

    items: list[ModelRun]


class RunFiles(Paged):
    """The files of a run."""

    items: list[RunFile]


class Lines(Paged):
    """What was said while a run went on, oldest first."""

    items: list[Line]
