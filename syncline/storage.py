"""Where files lie: plans, snapshots, publications. A file written is whole, or not there."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from syncline.errors import DataError


@dataclass(frozen=True, slots=True)
class Storage:
    """A folder whose files are named by their path within it, with `/` whatever the system.

    Example:
        >>> import tempfile
        >>> storage = Storage(Path(tempfile.mkdtemp()))
        >>> storage.write("a/b.txt", b"hello")
        >>> storage.path("a/b.txt").read_bytes()
        b'hello'
    """

    root: Path

    def path(self, name: str) -> Path:
        """The local path of a file that must be there.

        Raises:
            DataError: it is not (R4: a missing file is never an empty one).
        """
        path = self.root / name
        if not path.exists():
            raise DataError(f"the file {name} is missing from {self.root}", hint="restore it, or sync the model anew")
        return path

    def folder(self, name: str) -> Path:
        """The local path of a folder, made if need be."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, content: bytes) -> None:
        """Put a small file there, whole and on disk when this returns."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        settle(path.parent)

    def remove(self, name: str) -> None:
        """Take a file or a folder away; one that is not there is gone already."""
        path = self.root / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def settle(path: Path) -> None:
    """Have the disk keep a file or a folder's entries, whatever happens to the machine (R18)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
