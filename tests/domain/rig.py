"""A connection in memory to try the rules on: one model of pets, a real store, real files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncline import (
    Batch,
    Connection,
    Head,
    ModelRun,
    ModelSync,
    Read,
    Request,
    Run,
    Source,
    Target,
    pipeline,
    snapshot,
)
from syncline.engine import opened
from syncline.owed import owed_rows
from syncline.pipeline import Steps
from syncline.snapshot import Layers
from syncline.storage import Storage
from syncline.store import open_store
from syncline.testing.memory import MemoryDestination, MemorySource

Row = dict[str, Any]
PETS = pa.schema({"id": pa.int64(), "name": pa.string(), "version": pa.int64()})
ONCE = Steps()
"""Each step is tried once."""
FULL, ALL_AGAIN, USUAL = Request(full_sync=True), Request(resend=True), Request()


def pet(id: object, name: object = "Rex", version: object = 1) -> Row:
    return {"id": id, "name": name, "version": version}


def pets(*ids: int, name: object = "Rex") -> list[Row]:
    return [pet(id, name) for id in ids]


def whole(rows: Sequence[Row], **about: Any) -> Batch:
    """The only batch of a part, which proves that this is all there is."""
    return Batch(rows=rows, **{"complete": True, **about})


class Rig:
    """The connection `zoo` with its model PETS; `said` is what the source answers next."""

    def __init__(self, folder: Path, **sync: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.store = open_store(f"sqlite:///{folder}/store.db")
        self.storage = Storage(folder / "files")
        self.source: Source = MemorySource(self.answer)
        self.destination = MemoryDestination()
        self.sync = ModelSync(
            **{"name": "PETS", "origin": "pets", "target": Target("pets"), "key": ("id",), "columns": PETS, **sync}
        )
        self.said: Sequence[Batch | BaseException] | Callable[[Read], Sequence[Batch | BaseException]] = ()
        self.asked: list[Read] = []

    @staticmethod
    def columns(*names: str) -> pa.Schema:
        return pa.schema([PETS.field(name) for name in names])

    def answer(self, request: Read) -> Sequence[Batch | BaseException]:
        self.asked.append(request)
        return self.said(request) if callable(self.said) else self.said

    @property
    def connection(self) -> Connection:
        return Connection("zoo", self.source, self.destination, (self.sync,))

    def sync_all(self, request: Request = USUAL, steps: Steps = ONCE) -> Run:
        return pipeline.sync(self.connection, request, self.store, self.storage, steps=steps)

    def run(self, *said: Batch | BaseException, request: Request = USUAL, steps: Steps = ONCE) -> ModelRun:
        """A run in which the source says this."""
        if said:
            self.said = said
        return self.sync_all(request, steps).models[0]

    def ok(self, *said: Batch, request: Request = USUAL) -> ModelRun:
        """A run that ends well."""
        done = self.run(*said, request=request)
        assert done.error == ""
        return done

    def approve(self, shown: str = "") -> ModelRun:
        return self.ok(request=Request(approve={"PETS": shown or self.head.owed_list}))

    @property
    def head(self) -> Head:
        return self.store.head("zoo", "PETS")

    @property
    def held(self) -> dict[Any, Any]:
        """What the destination holds: id -> name."""
        return {key[0]: row["name"] for key, row in self.destination.rows.items()}

    @property
    def loads(self) -> int:
        return len(self.destination.loads)

    def rows(self, layers: Layers) -> list[Row]:
        model = self.sync.model(self.source)
        with opened(self.storage.folder("")) as engine:
            found = snapshot.rows(engine, layers, model, self.storage.path)
            return [row for batch in found for row in batch.to_pylist()]

    def names(self, layers: Layers) -> dict[int, Any]:
        return {row["id"]: row["name"] for row in self.rows(layers)}

    @property
    def snapshot(self) -> dict[int, Any]:
        return self.names(self.head.snapshot)

    @property
    def sent(self) -> dict[int, Any]:
        return self.names(self.head.sent)

    def owed(self) -> Mapping[str, list[Any]]:
        """Kind -> ids that are owed, in order."""
        rows = owed_rows(self.storage, self.sync.model(self.source), self.head).to_pylist()
        found: dict[str, list[Any]] = {}
        for row in sorted(rows, key=lambda row: (row["id"] is not None, row["id"])):
            found.setdefault(row["kind"], []).append(row["id"])
        return found

    def reason(self, kind: str) -> str:
        """Why rows of this kind are owed, as people are told."""
        return "; ".join(entry.reason for entry in self.store.entries("zoo") if entry.kind == kind)


def keeping(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the files that the disk is told to keep from now on."""
    kept: set[str] = set()
    fsync = os.fsync

    def keep(file: int) -> None:
        kept.add(Path(f"/proc/self/fd/{file}").readlink().as_posix())
        fsync(file)

    monkeypatch.setattr(os, "fsync", keep)
    return kept
