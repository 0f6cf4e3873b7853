"""Preview: what a run would send, without sending it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from syncline import owed
from syncline.changes import Changeset
from syncline.connection import Connection, ModelSync
from syncline.errors import SynclineError
from syncline.model import SyncMode
from syncline.pipeline.diff import diff
from syncline.pipeline.extract import extract
from syncline.pipeline.received import received
from syncline.pipeline.sample import Sample
from syncline.pipeline.sample import sample as sample_of
from syncline.pipeline.start import work_for
from syncline.pipeline.transform import transform
from syncline.pipeline.work import Delta, Work
from syncline.request import Request
from syncline.run import Store
from syncline.storage import Storage


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would send of one model; `changes` can be read while the preview is open.

    `error` says why it would fail; `missing` which parts could not be read now, and why; `pending` that a promised plan
    would be finished first; `sample`, where one was asked for, what becomes of some rows.
    """

    model: str
    mode: SyncMode
    changes: Changeset | None = None
    read: int = 0
    owing: dict[str, int] = field(default_factory=dict)
    rejected: tuple[str, ...] = ()
    pending: bool = False
    error: str = ""
    missing: dict[str, str] = field(default_factory=dict)
    sample: Sample | None = None


@contextmanager
def preview(
    connection: Connection, request: Request, store: Store, storage: Storage, *, sample: int = 0
) -> Iterator[list[Preview]]:
    """What a run would send, model by model, and what becomes of `sample` rows of each.

    Nothing is written at the destination or in the store.

    Raises:
        ConfigError: the request does not fit the connection.
    """
    models = [(model, request.mode(connection, model)) for model in request.models(connection)]
    with tempfile.TemporaryDirectory(prefix="preview-", dir=storage.folder("")) as folder:
        yield [
            _preview(connection, model, mode, request, store, storage, Path(folder).name, sample)
            for model, mode in models
        ]


def _preview(
    connection: Connection,
    sync: ModelSync,
    mode: SyncMode,
    request: Request,
    store: Store,
    storage: Storage,
    folder: str,
    sample: int,
) -> Preview:
    sampled: Sample | None = None
    try:
        with received(connection, sync, request, storage) as given:
            work = replace(work_for(given, sync, request, store, storage, fence=0), folder=f"{folder}/{sync.name}")
            delta = diff(work, extract(work))
            if sample:
                sampled = sample_of(work, delta.snapshot, sample)
            return replace(_changes(work, sync, delta), sample=sampled)
    except SynclineError as error:
        return Preview(sync.name, mode, error=str(error), sample=sampled)


def _changes(work: Work, sync: ModelSync, delta: Delta) -> Preview:
    plan = transform(work, delta)
    kinds = (owed.REJECTED, owed.OUTRANKED, owed.FAILED)
    rows = owed.of_kind(owed.owed_rows(work.storage, work.model, plan.head), *kinds)
    return Preview(
        model=sync.name,
        mode=work.mode,
        changes=plan.changeset(work.storage),
        read=delta.read,
        owing=dict(plan.head.owing),
        rejected=tuple(rows.column(owed.REASON).to_pylist()),
        pending=bool(work.head.promised),
        missing=delta.missing,
    )
