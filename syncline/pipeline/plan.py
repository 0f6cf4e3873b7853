"""A plan: a changeset ready to load, and the head it leads to. It is a redo log (Invariant 2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from syncline import datatype
from syncline.changes import Changeset, Difference, RowFile
from syncline.connector import Target
from syncline.errors import ConfigError, DataError
from syncline.model import DataModel
from syncline.run import Head
from syncline.storage import Storage, settle

_UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be loaded, and where the model stands after it (R18).

    Args:
        id: its id; plans of one connection sort by it.
        folder: where its files lie in the storage.
        destination: which destination it is made for, without secrets.
        at: when it was made; the time of soft deletions.
        fence: the run that made it.
        files, before: the changeset's rows after and before.
        head: where the model stands once all of it is taken.
        checksums: name -> SHA-256 of each file of the changeset.
    """

    id: str
    folder: str
    model: DataModel
    target: Target
    destination: str
    fence: int
    head: Head
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    files: tuple[RowFile, ...] = ()
    before: tuple[RowFile, ...] = ()
    difference: Difference = field(default_factory=Difference)
    checksums: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many rows it changes."""
        return len(self.difference)

    @property
    def name(self) -> str:
        """The name of the plan's own file in the storage."""
        return f"{self.folder}/plan.json"

    def changeset(self, storage: Storage) -> Changeset:
        """The changes, to be read.

        Raises:
            DataError: a file is missing (R4).
        """
        files = tuple(storage.path(file.name) for file in self.files)
        before = tuple(storage.path(file.name) for file in self.before)
        return Changeset(self.model, files, before, **asdict(self.difference))

    def save(self, storage: Storage) -> Plan:
        """Have the disk keep the plan and all its files, whatever happens to the machine (R18)."""
        for path in sorted(storage.folder(self.folder).iterdir()):
            settle(path)
        saved = Plan(**{**_shallow(self), "checksums": _checksums(storage, (*self.files, *self.before))})
        storage.write(self.name, json.dumps(_stored(saved)).encode())
        return saved

    @classmethod
    def load(cls, storage: Storage, name: str) -> Plan:
        """The plan that `save` kept under this name.

        Raises:
            DataError: it, or one of its files, is missing or damaged.
        """
        try:
            stored = json.loads(storage.path(name).read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError("the file of a plan is damaged", where=name, hint="restore it from a backup") from error
        head = Head.from_json(stored["head"])
        fields = [pa.field(column, datatype.parse(kind)) for column, kind in stored["model"]["schema"]]
        model = DataModel(stored["model"]["name"], pa.schema(fields), tuple(stored["model"]["key"]))
        files = {part: tuple(RowFile.from_json(file) for file in stored[part]) for part in ("files", "before")}
        made = {"at": datetime.fromisoformat(stored["at"]), "difference": Difference(**stored["difference"])}
        return cls(**{**stored, **files, **made, "head": head, "model": model, "target": Target(**stored["target"])})

    @contextmanager
    def attempt(self, storage: Storage) -> Iterator[None]:
        """Note, before a load is tried, that nobody knows what comes of it; and that it was refused, if it was."""
        known = not self.is_uncertain(storage)
        storage.write(f"{self.folder}/{_UNCERTAIN}", b"")
        try:
            yield
        except (ConfigError, DataError):
            if known:
                storage.remove(f"{self.folder}/{_UNCERTAIN}")
            raise

    def is_uncertain(self, storage: Storage) -> bool:
        """A load was tried, in this run or in one that died, of which nobody knows what the destination took."""
        return (storage.root / self.folder / _UNCERTAIN).exists()

    def verify(self, storage: Storage) -> None:
        """See that the changeset is still what was promised.

        Raises:
            DataError: a file is missing or damaged.
        """
        if _checksums(storage, (*self.files, *self.before)) != self.checksums:
            raise DataError(
                f"the files of plan {self.id} are damaged", where=self.name, hint="restore them from a backup"
            )


def _checksums(storage: Storage, files: Iterable[RowFile]) -> dict[str, str]:
    sums = {}
    for file in files:
        with storage.path(file.name).open("rb") as content:
            sums[file.name] = hashlib.file_digest(content, "sha256").hexdigest()
    return sums


def _shallow(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in Plan.__slots__}


def _stored(plan: Plan) -> dict[str, Any]:
    schema = [[column.name, datatype.name(column.type)] for column in plan.model.schema]
    return {
        **_shallow(plan),
        "model": {"name": plan.model.name, "schema": schema, "key": plan.model.key},
        "target": asdict(plan.target),
        "difference": asdict(plan.difference),
        "head": plan.head.as_json(),
        "at": plan.at.isoformat(),
        "files": [asdict(file) for file in plan.files],
        "before": [asdict(file) for file in plan.before],
    }
