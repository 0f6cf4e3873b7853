"""Runs, where each model stands, and what the store must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from syncline.changes import RowFile
from syncline.line import Line
from syncline.model import JSON, Cursor
from syncline.request import Request
from syncline.snapshot import Layers
from syncline.status import RunResult, RunStatus, RunType

__all__ = ["Counts", "Entry", "Head", "ModelRun", "Run", "RunResult", "RunStatus", "RunType", "Step", "Store"]

CANCELLED_BY = "cancelled_by"
"""Under which name `infos` of a run say who wants it to end."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened to the rows of a model in one run; `loaded` counts them while they go in."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rejected: int = 0
    withheld: int = 0
    late: int = 0
    loaded: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a model's part of a run has begun, and when; the next one, or the end, says how long it took."""

    name: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One model's part of a run: the step it is in or ended at, the steps so far, and its counts.

    `plan` is the changeset's id, empty where nothing changed; `files` are the publications made; `error` says what
    failed or, where the run went on without them, which parts were missing.
    """

    model: str
    mode: str
    status: RunStatus = RunStatus.SCHEDULED
    result: RunResult | None = None
    step: str = ""
    counts: Counts = field(default_factory=Counts)
    plan: str = ""
    files: tuple[str, ...] = ()
    error: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One sync of one connection, with the fields of P4.6; the store alone sets them (P4.7).

    `fence` is 0 until the run holds the connection.
    """

    id: str
    tenant: str
    connection: str
    request: Request
    status: RunStatus
    created_at: datetime
    updated_at: datetime
    type: RunType = RunType.RESOURCES
    result: RunResult | None = None
    infos: Mapping[str, JSON] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deleted_at: datetime | None = None
    runner: str = "process"
    created_by: str | None = None
    flow_run: str | None = None
    fence: int = 0
    models: tuple[ModelRun, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The run as the API shows it, named as P4.6 has it."""
        return {
            "id": self.id,
            "siteId": self.tenant,
            "connection": self.connection,
            "type": self.type,
            "status": self.status,
            "result": self.result,
            "infos": dict(self.infos),
            "request": self.request.as_json(),
            "createdAt": told(self.created_at),
            "startedAt": told(self.started_at),
            "endedAt": told(self.ended_at),
            "updatedAt": told(self.updated_at),
            "deletedAt": told(self.deleted_at),
            "runner": self.runner,
            "createByUserId": self.created_by,
            "models": [_shown(model) for model in self.models],
        }


@dataclass(frozen=True, slots=True)
class Head:
    """Where a (connection, model) stands (R1, R2, R5). A model that was never synced has an empty one.

    Args:
        snapshot: what the source last said.
        sent: what the destination holds from us.
        owed: the keys where the two differ, with kind and reason; None: there are none.
        owing: kind -> how many are owed.
        cursors: part -> cursor (R8).
        key: the columns that name a row.
        made_key: the columns, with their types, that name a row at the destination.
        read, send: fingerprints of how the source is read, and of what is made of it.
        destination, target: which destination *sent* speaks of, and which table there.
        plan: the last plan that was committed; empty: none.
        promised: a plan that must be finished before anything else (Invariant 2): the name of its file.
        published: the plan the publications were last made from (R27).
    """

    snapshot: Layers = field(default_factory=Layers)
    sent: Layers = field(default_factory=Layers)
    owed: RowFile | None = None
    owing: Mapping[str, int] = field(default_factory=dict)
    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    made_key: tuple[str, ...] = ()
    read: str = ""
    send: str = ""
    destination: str = ""
    target: str = ""
    plan: str = ""
    promised: str = ""
    published: str = ""

    @property
    def is_new(self) -> bool:
        """Nothing was ever committed."""
        return not self.read

    @property
    def sends(self) -> str:
        """The part of the fingerprint `send` that tells what is made of the rows."""
        return self.send.partition(":")[0]

    @property
    def settings(self) -> str:
        """The part of the fingerprint `send` that settings alone make."""
        return self.send.rpartition(":")[0]

    @property
    def owed_list(self) -> str:
        """The id of the list of what is owed, as it was shown to who approves it (R26); empty: nothing is owed."""
        return self.owed.name.split("/")[-2] if self.owed is not None else ""

    def as_json(self) -> dict[str, JSON]:
        """The head as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Head:
        """The head that `as_json` gave."""
        layers = {name: Layers.from_json(stored[name]) for name in ("snapshot", "sent")}
        keys = {name: tuple(stored.get(name, ())) for name in ("key", "made_key")}
        owed = stored["owed"] and RowFile.from_json(stored["owed"])
        return cls(**{**stored, **layers, "owed": owed, **keys})


@dataclass(frozen=True, slots=True)
class Entry:
    """Rows of a model that are owed for one reason (P1.5); the rows themselves lie in `file` (R2).

    `kind` is `rejected` (it does not fit the model), `outranked` (a part that comes before it gives the key with other
    values), `refused` (by the destination), `withheld` (a deletion over the limit) or `absent` (missing from a read
    that was not proven complete). `sample` shows some of the keys.
    """

    model: str
    kind: str
    reason: str
    count: int
    sample: tuple[str, ...] = ()
    file: str = ""
    id: str = ""
    connection: str = ""
    run: str = ""
    created_at: datetime | None = None
    closed_at: datetime | None = None


class Store(Protocol):
    """The only memory, bound to one tenant (Invariant 10). Every change by a run is fenced (Invariant 6)."""

    tenant: str
    lease_seconds: float

    def open_run(
        self,
        connection: str,
        request: Request,
        *,
        type: RunType = RunType.RESOURCES,
        runner: str = "process",
        created_by: str | None = None,
        flow_run: str | None = None,
        run: str | None = None,
    ) -> Run:
        """Take the connection for a run, which is running from now on: a new one, or the one scheduled as `run`.

        Raises:
            Busy: another run holds it.
            ConfigError: that run is not scheduled any more.
        """

    def renew(self, run: Run) -> None:
        """Hold the connection for another lease.

        Raises:
            LeaseLost: another run has taken it.
        """

    def cancel(self, run: str, by: str) -> bool:
        """Have a run end after the model it is at, or before it begins, as `by` wants (R30). False: it has ended."""

    def is_cancelled(self, run: Run) -> bool:
        """Whether somebody wants the run to end."""

    def progress(self, run: Run, model: ModelRun) -> None:
        """Note how far a model is."""

    def say(self, run: Run, lines: Sequence[Line], *, start: int) -> None:
        """Keep lines of the run's log, the first of them as number `start`; it tells of the run and is not fenced."""

    def promise(self, run: Run, model: str, plan: str) -> None:
        """Note a plan, by the name of its file, that must be finished before anything else (Invariant 2)."""

    def commit(self, run: Run, model: str, head: Head, entries: Sequence[Entry] | None = None) -> None:
        """Move the head; nothing is promised any more. What is not among `entries` is closed; None leaves them be."""

    def published(self, run: Run, model: str, plan: str) -> None:
        """Note which plan the publications were made from (R27)."""

    def close_run(self, run: Run, status: RunStatus, result: RunResult, infos: Mapping[str, JSON] | None = None) -> Run:
        """End the run and let go of the connection."""

    def record_run(self, connection: str, request: Request, result: RunResult, infos: Mapping[str, JSON]) -> Run:
        """Note a run that ended before it held the connection: skipped, or refused."""

    def head(self, connection: str, model: str) -> Head:
        """Where a model stands."""

    def heads(self, connection: str) -> dict[str, Head]:
        """Where the models of a connection stand, by name."""

    def forget(self, connection: str, model: str) -> None:
        """Drop the head of a model."""

    def run(self, run: str) -> Run:
        """The run of this id, or of this beginning of one.

        Raises:
            ConfigError: there is none, or more than one.
        """

    def runs(self, connection: str | None = None, *, limit: int = 50) -> list[Run]:
        """The latest runs, newest first."""

    def active(self, connection: str) -> Run | None:
        """The run that holds the connection now."""

    def entries(
        self, connection: str | None = None, *, model: str | None = None, run: str | None = None, closed: bool = False
    ) -> list[Entry]:
        """What is owed and why; with `closed` also what was; with `run` what that run was the last to note."""


def told(moment: datetime | None) -> str | None:
    """A time as programs are told."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _shown(model: ModelRun) -> dict[str, Any]:
    steps = [{"name": step.name, "startedAt": told(step.started_at)} for step in model.steps]
    shown = {name: value for name, value in asdict(model).items() if name not in {"started_at", "ended_at"}}
    return {**shown, "steps": steps, "startedAt": told(model.started_at), "endedAt": told(model.ended_at)}
