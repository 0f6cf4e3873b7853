"""One model's part of a run, and what its steps hand each other: references to files, never tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from syncline import datatype, owed
from syncline.changes import Difference, RowFile, keys, physical, traced
from syncline.connection import Connection, ModelSync
from syncline.connector import Target
from syncline.model import Cursor, DataModel, SyncMode
from syncline.request import Request
from syncline.run import Head
from syncline.snapshot import Layers
from syncline.storage import Storage


def _nothing() -> None:
    """Nobody asks."""


def _unseen(_rows: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Work:
    """One model's part of a run: all that its steps need to know.

    Args:
        made: what the rows become before they are sent; the model itself where nothing is transformed.
        mode: how the source is read this time, which is `full` where no cursor is known.
        id: the id of the plan this may become.
        is_replay: the destination is another one than before, or was emptied, so nothing has been sent to it (R5).
        folder: where its files lie in the storage.
        guard: raises LeaseLost if another run has taken over.
        report: is told how many more rows a step has done.
    """

    connection: Connection
    sync: ModelSync
    model: DataModel
    made: DataModel
    head: Head
    request: Request
    mode: SyncMode
    storage: Storage
    tenant: str
    id: str
    folder: str
    fence: int
    is_replay: bool = False
    guard: Callable[[], None] = _nothing
    report: Callable[[int], None] = _unseen

    @property
    def home(self) -> str:
        """The folder of the model in the storage."""
        return home(self.tenant, self.connection.name, self.model.name)

    def name(self, file: str) -> str:
        """The name in the storage of a file of this work."""
        return f"{self.folder}/{file}"

    def path(self, file: str) -> Path:
        """Where a new file of this work is to be written."""
        return self.storage.folder(self.folder) / file

    @property
    def scope(self) -> str:
        """Whose plans come one after another at the destination."""
        return f"{self.tenant}/{self.connection.name}/{self.model.name}"

    @property
    def destination(self) -> str:
        """Which destination it is, without secrets."""
        return self.connection.destination.identity() if self.connection.destination else ""

    @property
    def approved(self) -> str:
        """The list of withheld deletions that may go on now; empty: none (R26)."""
        return self.request.approve.get(self.sync.name, "")

    @property
    def reads_nothing(self) -> bool:
        """The source is not asked: deletions are let go, or other settings carried out."""
        return bool(self.approved) or self.request.update

    @property
    def is_transformed(self) -> bool:
        """What is sent is not what the source says."""
        return not self.sync.transform.is_identity

    @property
    def is_whole(self) -> bool:
        """Rows are made of all rows together, not each of one (R14)."""
        return self.is_transformed and self.sync.transform.scope == "model"

    @property
    def kept(self) -> DataModel:
        """The rows that are sent as *sent* keeps them, each with its row at the source where that has another name."""
        return traced(self.made, self.model) if self.is_transformed and not self.is_whole else self.made

    @property
    def origin(self) -> list[str]:
        """Which of c0, c1, … of `kept` name the row at the source; where rows are made of many, the row made."""
        hidden = range(len(self.made.schema), len(self.kept.schema))
        return [physical(index) for index in hidden] or keys(self.made)

    @property
    def owing(self) -> pa.Schema:
        """The columns by which an owed row is named, in the order of `origin`."""
        if not self.is_whole or self.made.key_schema == self.model.key_schema:
            return self.model.key_schema
        return owed.of_made(self.made)

    @property
    def compares_all(self) -> bool:
        """Everything is compared with what was sent, not only what changed at the source."""
        anew = self.head.sends != rows_fingerprint(self.sync) and not self.head.is_new
        return self.request.resend or self.is_replay or anew or (self.is_transformed and self.request.full_sync)

    @property
    def counts_absence(self) -> bool:
        """The whole source is read, so rows of the snapshot that do not come may be gone (R7)."""
        return self.mode is SyncMode.FULL and self.head.snapshot.rows > 0 and not self.reads_nothing

    @property
    def sends_all(self) -> bool:
        """Everything is compared with, or sent to, the destination, not only what changed at the source."""
        return self.request.resend or self.is_replay

    @property
    def sent(self) -> Layers:
        """What the destination holds from us, before this run."""
        return Layers() if self.is_replay else self.head.sent


def key_of(model: DataModel) -> tuple[str, ...]:
    """The key with its types. A wider integer names the same row."""
    kinds = ["int" if pa.types.is_integer(field.type) else datatype.name(field.type) for field in model.key_schema]
    return tuple(f"{column} ({kind})" for column, kind in zip(model.key, kinds, strict=True))


def home(tenant: str, connection: str, model: str) -> str:
    """The folder of a model in the storage."""
    return "/".join(["data", *(quote(part, safe="") for part in (tenant, connection, model))])


def read_fingerprint(sync: ModelSync, model: DataModel, identity: str) -> str:
    """How the source is read: when it changes, the next read is a full one (R5)."""
    return _hashed([identity, sync.origin, sync.cursor, list(model.key), _columns(model)])


def rows_fingerprint(sync: ModelSync) -> str:
    """What is made of the rows: when it changes, all that was sent is compared anew (R5)."""
    return _hashed(sync.transform.fingerprint())


def settings_fingerprint(sync: ModelSync) -> str:
    """What is made of the rows, and where it goes: when it changes, the model is brought up to date (R5)."""
    files = [made.identity() for made in sync.publish]
    return f"{rows_fingerprint(sync)}:{_hashed([target(sync.target), sync.target.on_delete, files])}"


def send_fingerprint(sync: ModelSync, made: DataModel) -> str:
    """How rows are sent: when it changes, the publications are made anew (R5)."""
    return f"{settings_fingerprint(sync)}:{_hashed(_columns(made))}"


def _columns(model: DataModel) -> list[list[str]]:
    return [[column.name, datatype.name(column.type)] for column in model.schema]


def target(target: Target) -> str:
    """Which table it is."""
    return f"{target.table}{' shared' if target.shared else ''}"


def _hashed(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Extraction:
    """What came out of the source.

    Args:
        files: the rows as they came; `_op` says `insert` of a row that is there, `delete` of a key that is gone.
        rejected: rows that do not fit the model: a file of owed rows.
        read: how many rows came, rejected ones included.
        complete: the parts whose end was reached with nothing left out (R7).
        parts: all parts that were given, whole or not.
        listed: below these, no other parts are there than those.
        missing: part -> why it could not be read at all.
        cursors: part -> where the next incremental read starts (R8).
        in_key_order: the keys came strictly growing, so none stands twice.
        still_open: what of the snapshot's base did not come just as it is there; None: nobody looked.
        ordered: the rows came in the order of the cursor (R11).
    """

    files: tuple[RowFile, ...] = ()
    rejected: RowFile | None = None
    read: int = 0
    rejections: int = 0
    complete: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    in_key_order: bool = False
    still_open: tuple[RowFile, ...] | None = None
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed at the source since the last snapshot, and the snapshot it leads to.

    Args:
        files, before: the rows after and before, as in a changeset.
        owed: the rows rejected while reading, and the keys absent from a read that was not proven complete: a file.
        is_empty_read: a full read found nothing at all (R25).
        missing: part -> why it could not be read at all; the cursors, rows and owed rows of these are as they were.
        late: rows that changed although they lie before the cursor (R9).
        moved: rows that come from another part and are the same as before, so that nobody need be told.
    """

    snapshot: Layers
    files: tuple[RowFile, ...] = ()
    before: tuple[RowFile, ...] = ()
    difference: Difference = field(default_factory=Difference)
    owed: RowFile | None = None
    cursors: dict[str, Cursor] = field(default_factory=dict)
    read: int = 0
    late: int = 0
    moved: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    is_empty_read: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the destination took of a plan: how many rows, and where the model stands after it."""

    head: Head
    difference: Difference = field(default_factory=Difference)
