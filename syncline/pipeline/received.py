"""Files handed over at the start, fetched and put in the place of what the source reads by itself."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from syncline.connection import Connection, Intake, ModelSync
from syncline.connector import Source
from syncline.download import download
from syncline.errors import ConfigError, Missing
from syncline.patience import patient
from syncline.request import Request
from syncline.source_file import SourceFile
from syncline.sources import Combined, Part
from syncline.storage import Storage

PREFIX = "handed-"
_ALONE = "file"
"""What the part is called if one file without a name of its own is all there is: the next one takes its place."""
_FORMS = 2


@contextmanager
def received(connection: Connection, sync: ModelSync, request: Request, storage: Storage) -> Iterator[Connection]:
    """The connection, reading for this model what was handed over; the files are there as long as the block runs.

    Raises:
        ConfigError: a file is not to be had, or two bear one name.
        TransientError: a server does not answer.
    """
    files = request.files(sync.name)
    if not files:
        yield connection
        return
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=storage.folder("")) as folder:
        yield replace(connection, source=_given(connection, sync, files, Path(folder), is_all=request.full_sync))


def _given(
    connection: Connection, sync: ModelSync, files: Sequence[SourceFile], folder: Path, *, is_all: bool
) -> Source:
    source, members, parts = connection.source, {}, []
    for file in files:
        name = _part(file, source, sync, alone=len(files) == 1)
        if name in members:
            raise ConfigError(f"two files are part `{name}`", where=str(file), hint="give each its own: `part`")
        place = folder / quote(name, safe="")
        place.mkdir()
        members[name] = _reader(source, sync, file).handed(place)
        here = place / f"data{_suffixes(file.name)}"
        _fetch(file, here, connection.intake)
        parts.append(Part(name, name, here.name, file.attributes, is_one=name not in _declared(source, sync)))
    return Combined(members, {sync.origin: tuple(parts)}, stands_for=source, is_all=is_all)


def _declared(source: Source, sync: ModelSync) -> list[str]:
    """The names of the parts that a model is declared to have; what a source reads may be parts within them."""
    return [part.name for part in source.parts(sync.origin)] if isinstance(source, Combined) else []


def _part(file: SourceFile, source: Source, sync: ModelSync, *, alone: bool) -> str:
    if file.part:
        return file.part
    if isinstance(source, Combined):
        named = [part.name for part in source.parts(sync.origin) if part.source == file.source]
        if named and named[0]:
            return named[0]
    return _ALONE if alone else file.name or _ALONE


def _reader(source: Source, sync: ModelSync, file: SourceFile) -> Source:
    """The source that knows how to read a file (P2.14)."""
    if not isinstance(source, Combined):
        if file.source:
            raise ConfigError("the connection has one source only", where=str(file), hint="leave out `source`")
        return source
    parts = source.parts(sync.origin)
    fitting = {part.source for part in parts if file.source in ("", part.source) and file.part in ("", part.name)}
    fitting = fitting or {part.source for part in parts if file.source in ("", part.source)}
    if len(fitting) != 1:
        known = ", ".join(sorted({part.source for part in parts}))
        raise ConfigError("it is not clear which source reads this file", where=str(file), hint=f"`source`: {known}")
    return source.members[fitting.pop()]


def _suffixes(name: str) -> str:
    """What tells the form of a file.

    Example:
        >>> _suffixes("prices.2024.csv.gz"), _suffixes("prices")
        ('.csv.gz', '')
    """
    suffixes = PurePosixPath(name).suffixes
    return "".join(suffixes[-_FORMS:] if suffixes[-1:] == [".gz"] else suffixes[-1:])


def _fetch(file: SourceFile, here: Path, intake: Intake) -> None:
    if file.url:
        url = file.url.reveal()
        patient(
            lambda: download(url, here, allows_private=intake.allows_private, most_bytes=intake.most_bytes), pause=0.2
        )
        return
    found = _within(intake.folder, file)
    try:
        os.link(found, here)
    except OSError:  # another disk
        shutil.copyfile(found, here)


def _within(folder: Path | None, file: SourceFile) -> Path:
    """The file, if it lies in the workspace and is nothing of our own."""
    if folder is None:
        raise ConfigError("there is no workspace to find it in", where=str(file), hint="hand over an address")
    found = (folder / file.path).resolve()
    own = (
        [name for name in found.relative_to(folder.resolve()).parts if name.startswith(".")]
        if (found.is_relative_to(folder.resolve()))
        else [file.path]
    )
    if own:
        raise ConfigError("the file does not lie in the workspace", where=str(file), hint=f"put it into {folder}")
    if not found.is_file():
        raise Missing(f"there is no file {found}", where=str(file))
    return found
