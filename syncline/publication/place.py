"""A place for files that never change, and for names that always show the newest of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from syncline.publication.address import Address

_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class File:
    """A file in a place; `about` is what its maker noted, as far as it was asked for."""

    name: str
    size: int
    at: datetime
    about: Mapping[str, str] = field(default_factory=dict)


class Place(Protocol):
    """A folder, or a prefix in object storage. Names have `/` whatever the system.

    Raises of every verb: TransientError where the place cannot be reached or has no room, ConfigError where it is
    not there or shut.
    """

    def draft(self) -> AbstractContextManager[BinaryIO]:
        """A file to write to, which is gone after the block unless it was `put`."""

    def put(self, draft: BinaryIO, name: str, about: Mapping[str, str]) -> None:
        """Give what was written a name: it is there whole, or not there. A file of this name that is there stays."""

    def files(self, folder: str) -> list[File]:
        """The files in a folder, in the order of their names, without what is noted about them."""

    def find(self, name: str) -> File | None:
        """A file with what is noted about it; None: it is not there."""

    def read(self, name: str) -> AbstractContextManager[BinaryIO]:
        """The content of a file.

        Raises:
            DataError: it is not there.
        """

    def pieces(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes of a file from `start` to before `stop`, in pieces that are small whatever the file is.

        Raises:
            DataError: it is not there; said before the first piece is asked for.
        """

    def lent(self, name: str, time: timedelta) -> str:
        """The address at which anybody may fetch a file for this time; empty: this place has none."""

    def copy(self, name: str, to: str) -> bool:
        """Have the same content under another name; False: somebody was quicker, and what is there stays."""

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is gone already."""

    def shown(self, link: str) -> str:
        """The name of the file that a link shows; empty: none yet."""

    def forward(self, link: str, name: str) -> None:
        """Have a link show this file from now on, unless it shows one whose name is the same or comes later (R27).

        Who reads the link gets one of the two whole (Invariant 7). However late a worker comes with an older file,
        nobody ever sees the link go back.
        """

    def sweep(self) -> None:
        """Remove what processes left that were killed."""

    def check(self) -> list[str]:
        """Try whether it can be written; what people should know of it."""

    def address(self, name: str = "") -> str:
        """Where a file of it lies, for people."""


def cut(file: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    """The bytes from `start` to before `stop`, in small pieces."""
    file.seek(start)
    while piece := file.read(min(_PIECE, stop - start)):
        start += len(piece)
        yield piece


def place(address: Address) -> Place:
    """The place at an address; nothing is opened yet."""
    if address.is_bucket:
        from syncline.publication.bucket import Bucket  # noqa: PLC0415 - its library is for those who need it

        return Bucket(address)
    from syncline.publication.folder import Folder  # noqa: PLC0415

    return Folder(Path(address.url))
