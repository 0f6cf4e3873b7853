"""A connection: a source, a destination and the models between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from syncline.connector import Destination, Source, Target
from syncline.errors import ConfigError
from syncline.model import DataModel, SyncMode
from syncline.publication import Publication
from syncline.transform import Transform


class Download(StrEnum):
    """What may be downloaded, where it is enabled (P1.18, P1.19, P1.20)."""

    FILE = "file_download"
    LATEST = "file_download_latest"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run stops and asks (R11, R25).

    Args:
        deleted: the share of the rows at the destination that may go in one run.
        at_least: below this many rows the share does not count.
        rejected: the share of the rows read that may be rejected.
    """

    deleted: float = 0.30
    at_least: int = 10
    rejected: float = 0.10


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a model is synced by itself: at an interval, or by a cron line in `timezone`."""

    every: timedelta | None = None
    cron: str | None = None
    timezone: str = "UTC"
    mode: SyncMode = SyncMode.INCREMENTAL


@dataclass(frozen=True, slots=True)
class ModelSync:
    """One model of a connection: where it comes from, how it is read, where it goes.

    Args:
        name: its name, unique in the connection.
        origin: what `from:` says.
        key: the columns that name a row; empty: as the source says.
        columns: the columns and their types; None: as the source says.
        cursor: the column that grows when a row changes; None: every read is a full one (R7).
        overlap: how far before the cursor an incremental read starts again (R9).
        transform: what becomes of its rows on the way.
        target: where it goes.
        publish: the files made from it.
        priority: models with a higher one run first (R24).
        where: file and line it was declared in, for messages.
    """

    name: str
    origin: str
    target: Target
    key: tuple[str, ...] = ()
    columns: pa.Schema | None = None
    cursor: str | None = None
    overlap: timedelta | None = None
    schedule: Schedule | None = None
    publish: tuple[Publication, ...] = ()
    limits: Limits = field(default_factory=Limits)
    priority: int = 0
    where: str = ""
    transform: Transform = field(default_factory=Transform)

    def model(self, source: Source) -> DataModel:
        """What a row is: as declared, completed by what the source says.

        Raises:
            ConfigError: the columns or the key are not known, or do not exist.
        """
        model = self._as_declared(source) if self.key else self._as_found(source)
        if self.cursor is not None and self.cursor not in model.schema.names:
            known = ", ".join(model.schema.names)
            message = f"model {self.name}: the cursor `{self.cursor}` is not a column of `{self.origin}`"
            raise ConfigError(message, where=self.where, hint=f"columns: {known}")
        return model

    def _as_declared(self, source: Source) -> DataModel:
        schema = source.columns(self.origin) if self.columns is None else self.columns
        if schema is None:
            message = f"model {self.name}: the source cannot tell the columns of `{self.origin}`"
            raise ConfigError(message, where=self.where, hint="declare `columns:`")
        return DataModel(self.name, schema, self.key)

    def _as_found(self, source: Source) -> DataModel:
        found = source.describe(self.origin)
        if found is None:
            message = f"model {self.name}: the source cannot tell the key of `{self.origin}`"
            raise ConfigError(
                message, where=self.where, hint="declare `key:`, and `columns:` if they are not known either"
            )
        return DataModel(self.name, found.schema if self.columns is None else self.columns, found.key)


@dataclass(frozen=True, slots=True)
class Intake:
    """Which files may be handed over at the start of a run (P2.6).

    Args:
        folder: where those lie that are named by their path; None: nowhere.
        allows_private: addresses of one's own network and of this machine may be asked.
        most_bytes: how large a downloaded file may be.
    """

    folder: Path | None = None
    allows_private: bool = False
    most_bytes: int = 4 << 30


@dataclass(frozen=True, slots=True)
class Connection:
    """A source, a destination and the models between them; one run at a time.

    `features` says which modes may be asked for (P1.13), `downloads` which files may be fetched: of a run, or the
    newest (P1.20). `destination` may be missing where files are published.
    """

    name: str
    source: Source
    destination: Destination | None
    models: tuple[ModelSync, ...]
    features: frozenset[SyncMode] = frozenset(SyncMode)
    where: str = ""
    downloads: frozenset[Download] = frozenset()
    intake: Intake = field(default_factory=Intake)

    def __post_init__(self) -> None:
        """Check what concerns the models together."""
        names = [model.name for model in self.models]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ConfigError(f"model {doubled[0]} stands twice in connection {self.name}", where=self.where)
        if not self.features & {SyncMode.INCREMENTAL, SyncMode.FULL}:
            hint = "`features: [incremental, full]`"
            raise ConfigError(
                f"connection {self.name} allows neither incremental nor full", where=self.where, hint=hint
            )

    def __getitem__(self, name: str) -> ModelSync:
        """The model of this name.

        Raises:
            ConfigError: there is none; the known ones are listed.
        """
        for model in self.models:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.models)
        raise ConfigError(
            f"unknown model `{name}` in connection {self.name}", where=self.where, hint=f"known are {known}"
        )

    def in_order(self) -> tuple[ModelSync, ...]:
        """The models in the order they run: by priority, then as declared (R24)."""
        return tuple(sorted(self.models, key=lambda model: -model.priority))
