"""The versions of a publication in their place, and `latest`, which shows one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import BinaryIO, TypeAlias
from urllib.parse import quote

import pyarrow as pa

from syncline import export
from syncline.errors import ConfigError, Withheld
from syncline.publication import Publication
from syncline.publication.address import Address
from syncline.publication.place import File, Place, place
from syncline.storage import Storage

OP = "_op"
"""The column of a delta that says what happened to the row: `insert`, `update` or `delete`."""
Rows: TypeAlias = Iterable[pa.RecordBatch]
Changes: TypeAlias = Callable[[str, str], pa.RecordBatchReader | None]
"""What leads from one plan to another, the empty one having no rows: `_op` and the columns; None: it is not known."""
_AGAIN = "~"


def feeds(
    publications: Iterable[Publication], storage: Storage, tenant: str, connection: str, model: str
) -> Iterator[Feed]:
    """The versions of each publication of a model; those without a place of their own lie in the storage."""
    names = {"tenant": tenant, "connection": connection, "model": model}
    home = storage.root.joinpath("files", *(quote(name, safe="") for name in names.values()))
    for publication in publications:
        address = Address(str(home)) if publication.to is None else publication.to.of(names)
        yield Feed(publication, place(address.within(quote(publication.name, safe=""))), model)


def quoted(version: str) -> str:
    """A version, or a plan, as it stands in the name of a file, where a `.` begins the suffix."""
    return quote(version, safe="%").replace(".", "%2E")


@dataclass(frozen=True, slots=True)
class Feed:
    """The versions of a publication.

    A version is named by its plan (R27). Names sort in the order in which the versions were published, and `latest`
    moves to later names only. What is published anew without a new plan, by a rollback or by other options, is a
    version of its own between its plan and the next: `PLAN~001`.
    """

    publication: Publication
    place: Place
    model: str

    @property
    def link(self) -> str:
        """The constant name in its place."""
        return f"latest{self.publication.suffix}"

    @property
    def name(self) -> str:
        """What people call it, and what it is called once it is downloaded."""
        return f"{self.publication.name or self.model}{self.publication.suffix}"

    def versions(self) -> list[str]:
        """The versions that are kept, oldest first."""
        return [self._version(file.name) for file in self._files()]

    def latest(self) -> str:
        """The version that `latest` shows; empty: none yet."""
        return self._version(self.place.shown(self.link))

    def plans(self) -> set[str]:
        """The plans, `quoted`, whose rows are in the versions that are kept."""
        names = self.versions()
        again = (self.find(name) for name in names if _AGAIN in name)
        return {name.partition(_AGAIN)[0] for name in names} | {
            quoted(found.about["plan"]) for found in again if found and "plan" in found.about
        }

    def find(self, version: str) -> File | None:
        """The file of a version, with what is noted about it: `rows`, and the `plan` that they are of."""
        return self.place.find(self.file(version))

    def file(self, version: str, folder: str = "versions") -> str:
        """The name in its place of the file of a version."""
        return f"{folder}/{quoted(version)}{self.publication.suffix}"

    def publish(self, rows: Callable[[], Rows], schema: pa.Schema, plan: str, changes: Changes, *, force: bool) -> str:
        """Make a version of the rows of a plan, and let `latest` show it; its name. Safe to repeat.

        With `force` the checks are left out.

        Raises:
            Withheld: it does not pass the checks; nothing was written, and `latest` is as it was.
            DataError, TransientError, ConfigError: it cannot be written; `latest` is as it was.
        """
        versions = self.versions()  # looked at once: who is quicker makes the same one
        version = self._made(plan, schema, versions)
        if not version:
            version = _free(plan, versions)
            self._make(rows(), schema, plan, version, changes, force=force)
        self.place.forward(self.link, self.file(version))
        return version

    def rollback(self, version: str, changes: Changes) -> str:
        """Have `latest` show the content of an older version until there is a newer plan; the version it is now.

        Raises:
            ConfigError: there is no such version.
        """
        found, versions = self.find(version), self.versions()
        if found is None:
            known = f"known are {', '.join(versions)}" if versions else "nothing was published yet"
            raise ConfigError(f"there is no version `{version}` of {self.model}{self.publication.suffix}", hint=known)
        newest = max(versions[-1], self.latest())
        while True:
            again = _free(newest, [*versions, newest])
            if self.place.copy(self.file(version), self.file(again)):
                break
            versions.append(again)
        self._write_delta(again, found.about.get("plan", ""), changes)
        self.place.forward(self.link, self.file(again))
        return again

    def prune(self) -> list[str]:
        """Remove old versions and their deltas, and what a crash left; the versions that are gone.

        What `latest` shows is never removed.
        """
        self.place.sweep()
        files, keep = self._files(), self.publication.keep
        if isinstance(keep, int):
            old = files[: -keep or None]
        else:
            old = [file for file in files if file.at < datetime.now(UTC) - keep]
        shown = self.place.shown(self.link) if old else ""
        gone = [self._version(file.name) for file in old if file.name != shown]
        for version in gone:
            self.place.remove(self.file(version, "deltas"))
            self.place.remove(self.file(version))
        return gone

    def write_delta(self, changes: pa.RecordBatchReader, file: BinaryIO) -> None:
        """Write what has changed, in the form of the versions, with the operation as the first column."""
        columns = self.publication.options.columns
        options = replace(self.publication.options, columns=((OP, OP), *columns) if columns else ())
        export.write(changes, changes.schema, self.publication.format, file, options)

    def headers(self) -> dict[str, str]:
        """What a server says of a file that never changes (P1.21)."""
        name = quote(self.name)
        return {
            "Content-Type": self.publication.media_type,
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Cache-Control": "max-age=31536000, immutable",
        }

    def _make(self, rows: Rows, schema: pa.Schema, plan: str, version: str, changes: Changes, *, force: bool) -> None:
        counted = _Counted(rows)
        with self.place.draft() as draft:
            export.write(counted, schema, self.publication.format, draft, self.publication.options)
            if not force:
                self._check(counted.rows)
            self._write_delta(version, plan, changes)
            made = {"rows": str(counted.rows), "plan": plan, "made": self._way(schema)}
            self.place.put(draft, self.file(version), made | self.headers())

    def _check(self, rows: int) -> None:
        checks = self.publication.checks
        if not rows and not checks.may_be_empty:
            raise Withheld(f"{self.link} would be empty", hint="say `checks: {empty: allow}` if it may")
        found = self.find(self.latest()) if checks.shrink is not None and self.latest() else None
        before = int(found.about.get("rows", 0)) if found else 0
        if checks.shrink is not None and rows < before * (1 - checks.shrink):
            message = f"{self.link} would have {rows:,} row{'' if rows == 1 else 's'} instead of {before:,}"
            raise Withheld(message, hint=f"{1 - rows / before:.0%} fewer; the limit is {checks.shrink:.0%}")

    def _write_delta(self, version: str, plan: str, changes: Changes) -> None:
        """The file of what has changed since what `latest` shows, if one is wanted and can be made."""
        if not self.publication.delta:
            return
        shown = self.latest()
        found = self.find(shown) if shown else None
        changed = changes(found.about.get("plan", "?") if found else "", plan)
        if changed is None:
            return
        with self.place.draft() as draft:
            self.write_delta(changed, draft)
            since = {"since": shown}
            self.place.put(draft, self.file(version, "deltas"), since | self.headers())

    def _way(self, schema: pa.Schema) -> str:
        """How a version is made; the same rows made in another way are another version."""
        columns = hashlib.sha256(str(schema).encode()).hexdigest()[:16]
        return f"{self.publication.fingerprint()}-{columns}"

    def _made(self, plan: str, schema: pa.Schema, known: Sequence[str]) -> str:
        """The version of this plan as it would be made now; empty: there is none."""
        versions = [name for name in known if name.partition(_AGAIN)[0] == quoted(plan)]
        found = self.find(versions[-1]) if versions else None
        alike = found is not None and found.about.get("made") in (None, self._way(schema))
        return versions[-1] if alike else ""

    def _files(self) -> list[File]:
        """The files of versions; other publications may lie in the same folder."""
        return [file for file in self.place.files("versions") if self._version(file.name)]

    def _version(self, file: str) -> str:
        name, dot, suffix = file.rpartition("/")[2].partition(".")
        return name if f"{dot}{suffix}" == self.publication.suffix else ""


@dataclass(slots=True)
class _Counted:
    """Rows that are counted on their way."""

    batches: Rows
    rows: int = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self.batches:
            self.rows += batch.num_rows
            yield batch


def _free(plan: str, known: Sequence[str]) -> str:
    """A name for a version of this plan, later than all that are known of it, also if earlier ones are gone."""
    own = quoted(plan).partition(_AGAIN)[0]
    numbers = [
        int(number) if number.isdecimal() else 0
        for name, _, number in (one.partition(_AGAIN) for one in known)
        if name == own
    ]
    return f"{own}{_AGAIN}{max(numbers) + 1:03}" if numbers else own
