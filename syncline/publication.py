"""Files made from what was sent: immutable versions, and a `latest` that is always whole."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote
from uuid import uuid4

import pyarrow as pa

from syncline import export
from syncline.errors import DataError
from syncline.export import Format, Options
from syncline.storage import settle

__all__ = ["KEPT", "Format", "Options", "Publication", "prune", "publish"]

KEPT = 30
"""How many versions of a file are kept, unless one says otherwise."""
_ABANDONED = 24 * 3600.0
"""After so many seconds nobody writes to an unfinished file any more."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One export file of a model.

    `name` tells it from others of the same format: `latest.csv` has none, `prices/latest.csv` is called prices.
    """

    format: Format
    name: str = ""
    options: Options = field(default_factory=Options)

    @property
    def suffix(self) -> str:
        """What its files end in.

        Example:
            >>> Publication("csv", options=Options(compression="gzip")).suffix
            '.csv.gz'
        """
        return export.suffix(self.format, self.options)

    @property
    def media_type(self) -> str:
        """What a server says that it is (P1.21).

        Example:
            >>> Publication("jsonl").media_type
            'application/x-ndjson'
        """
        return export.media_type(self.format, self.options)


def publish(
    rows: Iterable[pa.RecordBatch], schema: pa.Schema, publication: Publication, folder: Path, version: str
) -> Path:
    """Write a version of a file into `folder`/versions and let `latest` point to it; the path of the version.

    A version that is there already is kept as it is. `latest` only moves forward: versions sort by their names, and
    it is the last of them (R27). Whoever reads it gets a whole file, the one before or this one (Invariant 7).

    Raises:
        DataError: the file cannot be written, for example because the disk is full; `latest` is as it was.
    """
    path = folder / "versions" / f"{quote(version, safe='')}{publication.suffix}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with _whole(path) as file:
                export.write(rows, schema, publication.format, file, publication.options)
        _forward(folder, publication.suffix)
    except OSError as error:
        raise DataError(f"{path.name} cannot be published: {error.strerror or error}", where=str(folder)) from error
    return path


def latest(version: Path) -> Path:
    """The constant address of the file that this is a version of.

    Example:
        >>> latest(Path("BOOKS/versions/001-BOOKS.csv")).as_posix()
        'BOOKS/latest.csv'
    """
    return version.parent.parent / f"latest{version.suffix}"


def prune(folder: Path, keep: int = KEPT) -> list[Path]:
    """Remove the oldest versions of each file but `keep`, and what a crash left; the paths that are gone.

    What `latest` points to is never removed.
    """
    begun = [*(folder / "versions").glob(".*"), *folder.glob(".latest*")]
    gone = [path for path in begun if path.lstat().st_mtime < time.time() - _ABANDONED]
    for suffix in {path.suffix for path in _visible(folder)}:
        old = _versions(folder, suffix)[: -keep or None]
        gone += [path for path in old if path.name != _pointed(folder, suffix)]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is whole and on disk, or never."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    settle(path.parent)


def _forward(folder: Path, suffix: str) -> None:
    """Point `latest` to the newest version, and look again: a worker that was paused here may have gone back."""
    while (newest := _versions(folder, suffix)[-1].name) != _pointed(folder, suffix):
        link = folder / f".latest{suffix}.{uuid4().hex}"
        link.symlink_to(f"versions/{newest}")
        link.replace(folder / f"latest{suffix}")  # Invariant 7
        settle(folder)


def _pointed(folder: Path, suffix: str) -> str | None:
    latest = folder / f"latest{suffix}"
    return latest.readlink().name if latest.is_symlink() else None


def _versions(folder: Path, suffix: str) -> list[Path]:
    return sorted(path for path in _visible(folder) if path.suffix == suffix)


def _visible(folder: Path) -> list[Path]:
    return [path for path in (folder / "versions").glob("*") if not path.name.startswith(".")]
