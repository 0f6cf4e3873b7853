"""The two ends of a connection, and the door connectors come in by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import pyarrow as pa

from syncline.changes import Changeset
from syncline.errors import ConfigError
from syncline.model import Batch, Cursor, DataModel, Read, Rejection
from syncline.secret import Secret

Idempotence: TypeAlias = Literal["plan", "key", "none"]
OnDelete: TypeAlias = Literal["delete", "soft", "ignore"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the destination keeps a model, and what becomes of rows that are gone (R12).

    Args:
        table: the table, resource or file.
        on_delete: `delete` removes the row, `soft` marks it, `ignore` leaves it as it is.
        shared: other connections may write to the same table; then `_connection` is part of its key (R23).
    """

    table: str
    on_delete: OnDelete = "delete"
    shared: bool = False


def _nothing() -> None:
    """Nobody asks, so nobody objects."""


def _unseen(_rows: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a destination: one plan.

    Args:
        model: the rows as they are to be kept.
        changes: what changes.
        target: where.
        plan: the plan's id; the same plan may be loaded again after a crash (R20).
        scope: `tenant/connection/model`, whose plans come one after another.
        fence: grows with every run of the connection; a destination that has seen a higher one refuses (R21).
        at: the time of the plan, for soft deletes: the same each time the plan is loaded (R18).
        guard: to be called before each request that cannot be fenced; raises LeaseLost (R21).
        progress: to be told how many more rows are done.
    """

    model: DataModel
    changes: Changeset
    target: Target
    plan: str
    scope: str
    fence: int
    at: datetime
    guard: Callable[[], None] = field(default=_nothing, compare=False)
    progress: Callable[[int], None] = field(default=_unseen, compare=False)


class Connector:
    """What sources and destinations have in common: a frozen dataclass whose fields are its settings."""

    is_remote: ClassVar[bool] = False
    """Its settings name neither code nor files of this machine, but for a `folder`, a Path or an address, which are
    looked at: connections that come in by the API may use it."""

    def check(self) -> None:
        """Reach the other side without changing it.

        Raises:
            ConfigError: it cannot be reached with these settings.
            TransientError: it cannot be reached now.
        """

    def identity(self) -> str:
        """What this end is, without secrets: two connectors with one identity hold the same rows (R5)."""
        settings = {setting.name: getattr(self, setting.name) for setting in fields(self)}  # type: ignore[arg-type]
        shown = ",".join(f"{name}={value!r}" for name, value in settings.items() if not isinstance(value, Secret))
        return f"{type(self).__qualname__}({shown})"


class Source(Connector, ABC):
    """Where rows come from. `read` is the one method a source must have."""

    rereads: ClassVar[bool] = False
    """It looks at `Read.again`, so keys that were rejected are read again although the cursor has passed them."""

    positions_are_keys: ClassVar[bool] = False
    """Its positions name rows, not offsets: a read that goes on from one misses nothing, so it can be complete (R7)."""

    @abstractmethod
    def read(self, request: Read) -> Iterator[Batch]:
        """Give what is asked for, batch by batch.

        Raises:
            TransientError: try again.
            DataError, ConfigError: trying again does not help.
        """

    def discover(self) -> Iterable[DataModel]:
        """The models this source has by itself; `name` is what `from:` would say."""
        return ()

    def describe(self, origin: str) -> DataModel | None:
        """The model that `origin` names, or None where the source cannot tell."""
        return next((model for model in self.discover() if model.name == origin), None)

    def columns(self, origin: str) -> pa.Schema | None:
        """The columns that `origin` has, for a model whose key is declared; None where the source cannot tell.

        A source that knows columns but no key (a table without one, a file) answers here.
        """
        found = self.describe(origin)
        return None if found is None else found.schema

    def order(self, origin: str) -> Sequence[str] | None:
        """The parts of a model, first the one whose row holds where several give a key (R11); others come by name.

        None: no part comes before another, and a key that several give with different values is rejected.
        """
        del origin
        return None

    def reaches(self, origin: str, since: Mapping[str, Cursor]) -> bool:
        """Whether it still knows all that changed since these cursors, deletions included; else it is read in full.

        For sources that tell of changes for a while only: a log that is cut, marks of deletion that go.
        """
        del origin, since
        return True

    def places(self, origin: str) -> Iterable[tuple[str, str]]:
        """What a model is read from: the identity of a source, and what is read there."""
        return ((self.identity(), origin),)

    def handed(self, folder: Path) -> Source:
        """This source, reading files that were handed over at the start and lie in `folder` (P2.6).

        Raises:
            ConfigError: it does not read files.
        """
        raise ConfigError(f"{type(self).__name__} reads no files", hint=f"leave out the files, not {folder.name}")


class Destination(Connector, ABC):
    """Where rows go. `load` is the one method a destination must have."""

    idempotent: ClassVar[Idempotence] = "key"
    """What makes a second load of a plan harmless (R20): its id is kept beside the rows, or rows are named by key."""

    @abstractmethod
    def load(self, request: Load) -> list[Rejection]:
        """Take the changes in; answer with the rows that were refused.

        Loading a plan twice equals loading it once (Invariant 5). Either all of it is in when this returns, but
        for the refused rows, or it raises.

        Raises:
            TransientError: try again.
            LeaseLost: a plan with a higher fence has been here (R21).
            DataError, ConfigError: trying again does not help.
        """

    def prepare(self, model: DataModel, target: Target) -> None:
        """Make the table, or add the columns it lacks: its own repeatable step before the load (R22)."""

    def holds(self, model: DataModel, target: Target, scope: str, plan: str) -> bool | None:
        """Whether it still holds what `plan`, the last one of `scope`, left there; None: it cannot tell.

        A destination that answers is taken at its word: it may move, and one that was emptied is filled anew. One that
        cannot tell is known by its `identity`.
        """
        del model, target, scope, plan
        return None

    def problems(self, model: DataModel, target: Target) -> list[str]:
        """What stands in the way of loading this model, in words; empty if nothing does."""
        del model, target
        return []


def source_kind(kind: str) -> type[Source]:
    """The source that a `kind:` in YAML names.

    Raises:
        ConfigError: nothing installed bears this name.
    """
    return _kind("syncline.sources", "source", kind)


def destination_kind(kind: str) -> type[Destination]:
    """The destination that a `kind:` in YAML names.

    Raises:
        ConfigError: nothing installed bears this name.
    """
    return _kind("syncline.destinations", "destination", kind)


def source_kinds() -> list[str]:
    """What `kind:` of a source may be here: the names of what is installed."""
    return sorted(entry_points(group="syncline.sources").names)


def destination_kinds() -> list[str]:
    """What `kind:` of a destination may be here."""
    return sorted(entry_points(group="syncline.destinations").names)


def _kind(group: str, what: str, kind: str) -> Any:
    known = {entry.name: entry for entry in entry_points(group=group)}
    if kind not in known:
        hint = f"installed are {', '.join(sorted(known))}" if known else "none is installed: install Syncline with pip"
        raise ConfigError(f"unknown {what} kind `{kind}`", hint=hint)
    return known[kind].load()
