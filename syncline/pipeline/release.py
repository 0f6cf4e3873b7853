"""What a published version was made of, kept so that two of them can be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from syncline import datatype, diff, snapshot
from syncline.changes import BATCH_ROWS, OP, PART, STALE, columns, keys
from syncline.engine import Engine, opened
from syncline.errors import DataError
from syncline.model import DataModel
from syncline.publication.feed import Changes, Feed, quoted
from syncline.snapshot import Layers
from syncline.statement import listed
from syncline.storage import Storage

RELEASE = "release.json"


@dataclass(frozen=True, slots=True)
class Release:
    """The rows of a plan as they were published; their files stay as long as this is kept (R4)."""

    sent: Layers
    model: DataModel

    def save(self, storage: Storage, home: str, plan: str) -> None:
        """Keep it with its plan."""
        schema = [[column.name, datatype.name(column.type)] for column in self.model.schema]
        model = {"name": self.model.name, "schema": schema, "key": self.model.key}
        storage.write(f"{home}/{plan}/{RELEASE}", json.dumps({"sent": asdict(self.sent), "model": model}).encode())

    @classmethod
    def load(cls, path: Path) -> Release | None:
        """The one in this file; None: it was not kept, or not any more."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        model = stored["model"]
        schema = pa.schema([pa.field(name, datatype.parse(kind)) for name, kind in model["schema"]])
        return cls(Layers.from_json(stored["sent"]), DataModel(model["name"], schema, tuple(model["key"])))


def named(folder: Path) -> set[str]:
    """The files of the storage that releases in the folder of a model need."""
    found = (Release.load(path) for path in folder.glob(f"*/{RELEASE}"))
    return {file.name for release in found if release for file in release.sent.files}


def let_go(storage: Storage, home: str, kept: AbstractSet[str]) -> None:
    """Forget the releases of a model but those of the plans that are `kept`."""
    for path in (storage.root / home).glob(f"*/{RELEASE}"):
        if quoted(path.parent.name) not in kept:
            path.unlink(missing_ok=True)


def changes(storage: Storage, home: str, stack: ExitStack) -> Changes:
    """What leads from one plan of a model to another; what it takes is let go with the `stack`."""

    def between(before: str, after: str) -> pa.RecordBatchReader | None:
        was, now = (Release.load(storage.root / home / plan / RELEASE) if plan else None for plan in (before, after))
        if now is None or (before and was is None):
            return None
        engine = stack.enter_context(opened(storage.root))
        return _compared(engine, was.sent if was else Layers(), now, storage.path)

    return between


def roll_back(every: Sequence[Feed], version: str, storage: Storage, home: str) -> list[tuple[Feed, str]]:
    """Have `latest` of those files of a model that have this version show it again; and as which version.

    Raises:
        ConfigError: none has it.
    """
    with ExitStack() as stack:
        between = changes(storage, home, stack)
        known = [feed for feed in every if feed.find(version) is not None] or every[:1]
        return [(feed, feed.rollback(version, between)) for feed in known]


def _compared(engine: Engine, was: Layers, now: Release, locate: Callable[[str], Path]) -> Any:
    """The rows that differ, in the order of the key; those that are gone as they were."""
    model = now.model
    if OP in model.schema.names:
        raise DataError(f"model {model.name} has a column `{OP}` itself", hint="publish it without `delta`")
    before, after = (_plain(layers, model, locate) for layers in (was, now.sent))
    diff.compare(engine, model, before, after, slices=diff.sliced(engine, model, before, was.rows))
    schema = model.schema.insert(0, pa.field(OP, pa.string()))
    query = f"SELECT {listed([OP, *columns(model)])} FROM {diff.CHANGES} ORDER BY {listed(keys(model))}"
    batches = (
        pa.RecordBatch.from_arrays(
            [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)], schema=schema
        )
        for batch in engine.batches(query, BATCH_ROWS)
    )
    return pa.RecordBatchReader.from_batches(schema, batches)


def _plain(layers: Layers, model: DataModel, locate: Callable[[str], Path]) -> str:
    """The rows without where they came from, which nobody is told."""
    rows = snapshot.relation(layers, model, locate)
    return f"SELECT {listed(columns(model))}, '' AS {PART}, 0 AS {STALE} FROM ({rows}) WHERE {STALE} < 2"
