"""A folder as a place: a link is a symbolic one, renamed over the one before."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

from syncline.errors import ConfigError, DataError
from syncline.publication.place import File, cut
from syncline.storage import settle

_ABOUT = ".about"
_DRAFT = ".draft-"
_ABANDONED = 24 * 3600.0
"""After so many seconds nobody writes to an unfinished file any more."""
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


@dataclass(frozen=True, slots=True)
class Folder:
    """A place on a disk."""

    root: Path

    @contextmanager
    def draft(self) -> Iterator[BinaryIO]:
        """A file beside those that are whole; no name of it is ever shown."""
        with _told(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.root, prefix=_DRAFT, delete=False) as file:
                try:
                    yield cast("BinaryIO", file)
                finally:
                    Path(file.name).unlink(missing_ok=True)

    def put(self, draft: BinaryIO, name: str, about: Mapping[str, str]) -> None:
        """Give it its name once it is on disk."""
        path = self.root / name
        with _told(path):
            draft.flush()
            os.fchmod(draft.fileno(), 0o644)
            os.fsync(draft.fileno())
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _written(self._about(name), about).replace(self._about(name))
                _name(Path(draft.name), path)
                settle(path.parent)

    def files(self, folder: str) -> list[File]:
        """The visible files."""
        with _told(self.root), suppress(FileNotFoundError):
            found = [path for path in sorted((self.root / folder).iterdir()) if not path.name.startswith(".")]
            return [_file(f"{folder}/{path.name}", path.stat()) for path in found]
        return []

    def find(self, name: str) -> File | None:
        """The file, and the note beside it."""
        with _told(self.root), suppress(FileNotFoundError):
            found, about = _file(name, (self.root / name).stat()), self._noted(name)
            note = self._about(name)
            at = datetime.fromtimestamp(note.stat().st_mtime, UTC) if note.exists() else found.at
            return replace(found, at=at, about=about)
        return None

    @contextmanager
    def read(self, name: str) -> Iterator[BinaryIO]:
        """The file, opened."""
        try:
            with (self.root / name).open("rb") as file:
                yield file
        except FileNotFoundError as error:
            raise DataError(f"there is no {name} in {self.root}") from error

    def pieces(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        """Read from the file, which stays readable even if it is taken away meanwhile."""
        with self.read(name) as file:
            mine = os.fdopen(os.dup(file.fileno()), "rb")
        return _cut(mine, start, stop)

    def lent(self, name: str, time: timedelta) -> str:  # noqa: ARG002
        """Nobody serves a folder but we."""
        return ""

    def copy(self, name: str, to: str) -> bool:
        """Another name for the same file, which never changes anyway."""
        with _told(self.root):
            note = _written(self._about(to), self._noted(name))
            is_mine = not (self.root / to).exists() and _name(note, self._about(to))
            note.unlink(missing_ok=True)
            if is_mine:
                _name(self.root / name, self.root / to)
                settle((self.root / to).parent)
            return is_mine

    def remove(self, name: str) -> None:
        """The file and the note."""
        with _told(self.root):
            (self.root / name).unlink(missing_ok=True)
            self._about(name).unlink(missing_ok=True)

    def shown(self, link: str) -> str:
        """What the symbolic link says."""
        with suppress(FileNotFoundError):
            return (self.root / link).readlink().as_posix()
        return ""

    def forward(self, link: str, name: str) -> None:
        """Rename a new link over the one before.

        A rename asks nobody, so a worker that sleeps right before it must find, when it wakes, that its new link is
        gone: whoever is to show a later file takes the older ones away after making his own and before his rename.
        Whoever makes his own after that sees the later one, either on its way or arrived, and lets it be.
        """
        with _told(self.root):
            while name > self.shown(link):
                mine = self._begin(link, name)
                others = [path for path in self.root.glob(f".{link}.*") if path != mine]
                for path in others:
                    if _goal(path) < name:
                        path.unlink(missing_ok=True)
                if any(_goal(path) > name for path in others) or self.shown(link) >= name:
                    mine.unlink(missing_ok=True)
                    return
                with suppress(FileNotFoundError):  # somebody has overtaken us: look again
                    mine.replace(self.root / link)  # Invariant 7
                    settle(self.root)

    def sweep(self) -> None:
        """Drafts, and links that never were renamed, older than a day."""
        with suppress(FileNotFoundError):
            for path in (*self.root.glob(f"{_DRAFT}*"), *self.root.glob(".latest*")):
                if path.lstat().st_mtime < time.time() - _ABANDONED:
                    path.unlink(missing_ok=True)

    def check(self) -> list[str]:
        """Whether it can be written, or made."""
        there = next(path for path in (self.root, *self.root.parents) if path.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise ConfigError(f"{there} cannot be written", hint="change its permissions, or mend `to:`")
        return []

    def address(self, name: str = "") -> str:
        """A path."""
        return str(self.root / name) if name else str(self.root)

    def _begin(self, link: str, name: str) -> Path:
        mine = self.root / f".{link}.{uuid4().hex}"
        mine.symlink_to(name)
        return mine

    def _about(self, name: str) -> Path:
        return self.root / _ABOUT / f"{name}.json"

    def _noted(self, name: str) -> dict[str, str]:
        try:
            return cast("dict[str, str]", json.loads(self._about(name).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return {}


def _file(name: str, status: os.stat_result) -> File:
    return File(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _cut(file: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    with file:
        yield from cut(file, start, stop)


def _goal(link: Path) -> str:
    """What a link on its way is to show; the empty text if it is not on its way any more."""
    try:
        return link.readlink().as_posix()
    except FileNotFoundError:
        return ""


def _written(note: Path, about: Mapping[str, str]) -> Path:
    """What is to be a note, under a name of its own."""
    note.parent.mkdir(parents=True, exist_ok=True)
    unfinished = note.with_name(f".{note.name}.{uuid4().hex}")
    unfinished.write_text(json.dumps(dict(about)), encoding="utf-8")
    return unfinished


def _name(whole: Path, path: Path) -> bool:
    """Let a whole file have one more name; False: somebody else has taken the name meanwhile."""
    try:
        path.hardlink_to(whole)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        twin = path.with_name(f".{path.name}.{uuid4().hex}")
        shutil.copyfile(whole, twin)
        twin.replace(path)
    return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the disk will not do, as a message for people."""
    try:
        yield
    except OSError as error:
        hint = "make room, then run again; nothing is lost" if error.errno == errno.ENOSPC else ""
        raise DataError(f"{path} cannot be published: {error.strerror or error}", hint=hint) from error
