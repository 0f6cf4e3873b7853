"""Object storage as a place: a link is a whole object at a constant key, put there only over the one that was seen."""

from __future__ import annotations

import mmap
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from uuid import uuid4

from obstore import delete, exceptions, get, get_range, put, sign
from obstore import list as listed

from syncline.errors import ConfigError, DataError, TransientError
from syncline.publication.address import Address
from syncline.publication.place import File, cut

if TYPE_CHECKING:
    from obstore.store import S3Store

_SHOWS = "shows"
"""What is noted with a link: the file that it shows."""
_ALWAYS_FRESH = {"Cache-Control": "no-cache"}
_LARGEST = 5 * 1024**3
_PIECE = 1 << 22
_TRIES = 20
_TIMEOUT = {"timeout": "300s", "connect_timeout": "5s"}
_AGAIN: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
_CONFLICT = (exceptions.AlreadyExistsError, exceptions.PreconditionError)
_SHUT = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
_NO_BUCKET, _NO_RANGES = "NoSuchBucket", "non-partial response"
_FULL = ("status code: 507", "QuotaExceeded", "InsufficientStorage", "EntityTooLarge", "No space left")
_REASON = re.compile(r"(?:status code|HTTP error): ([^<\n]{1,200})")
_Given = TypeVar("_Given")


@dataclass(frozen=True)
class Bucket:
    """A prefix in a bucket."""

    url: Address

    @cached_property
    def _store(self) -> S3Store:
        from obstore.store import S3Store  # noqa: PLC0415

        url = self.url
        told = {
            "access_key_id": url.key,
            "secret_access_key": url.secret.reveal(),
            "endpoint": url.endpoint,
            "region": url.region,
        }
        options: Any = {**_TIMEOUT, "allow_http": url.endpoint.startswith("http://")}
        settings: Any = {name: value for name, value in told.items() if value}
        return S3Store(url.bucket, prefix=url.prefix or None, client_options=options, retry_config=_AGAIN, **settings)

    @contextmanager
    def draft(self) -> Iterator[BinaryIO]:
        """A file on this machine."""
        with tempfile.TemporaryFile() as file:
            yield cast("BinaryIO", file)

    def put(self, draft: BinaryIO, name: str, about: Mapping[str, str]) -> None:
        """Put it where nothing is."""
        with suppress(*_CONFLICT):
            self._put(draft, name, about, "create")

    def files(self, folder: str) -> list[File]:
        """What the server lists."""
        found = self._ask(lambda: [meta for chunk in listed(self._store, prefix=folder) for meta in chunk])
        made = (File(meta["path"], meta["size"], meta["last_modified"]) for meta in found)
        return sorted(made, key=lambda file: file.name)

    def find(self, name: str) -> File | None:
        """The object's headers."""
        found = self._head(name)
        if found is None:
            return None
        about: Mapping[str, Any] = found.attributes
        return File(name, found.meta["size"], found.meta["last_modified"], dict(about))

    @contextmanager
    def read(self, name: str) -> Iterator[BinaryIO]:
        """The content, once it is here."""
        try:
            found = self._ask(lambda: get(self._store, name))
        except FileNotFoundError as error:
            raise DataError(f"there is no {self.address(name)}") from error
        with tempfile.TemporaryFile() as file:
            self._ask(lambda: file.writelines(found.stream()))
            file.seek(0)
            yield cast("BinaryIO", file)

    def pieces(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        """A request for each piece: whoever reads slowly holds no answer of the server open."""
        try:
            first = self._piece(name, start, stop)
        except exceptions.GenericError:
            return self._cut(name, start, stop)
        return chain([first], (self._piece(name, begin, stop) for begin in range(start + _PIECE, stop, _PIECE)))

    def lent(self, name: str, time: timedelta) -> str:
        """A presigned address."""
        return self._ask(lambda: sign(self._store, "GET", name, time))

    def copy(self, name: str, to: str) -> bool:
        """Put what is there where nothing is; a copy on the server would not look whether there is something."""
        with self.read(name) as content, suppress(*_CONFLICT):
            found = self.find(name)
            self._put(content, to, found.about if found else {}, "create")
            return True
        return False

    def remove(self, name: str) -> None:
        """Delete the object."""
        with suppress(FileNotFoundError):
            self._ask(lambda: delete(self._store, name))

    def shown(self, link: str) -> str:
        """What is noted with the object."""
        found = self._head(link)
        return self._noted(found) if found else ""

    def forward(self, link: str, name: str) -> None:
        """Put the content of the file over the object that was seen, if it is that one still."""
        for _ in range(_TRIES):
            seen = self._head(link)
            if seen is not None and self._noted(seen) >= name:
                return
            mode: Any = "create" if seen is None else {"e_tag": seen.meta["e_tag"]}
            with self.read(name) as content, suppress(*_CONFLICT):
                found = self.find(name)
                about = {**(found.about if found else {}), **_ALWAYS_FRESH, _SHOWS: name}
                self._put(content, link, about, mode)  # Invariant 7
                return
        raise TransientError(f"{self.address(link)} changes all the time", hint="who else writes there?")

    def sweep(self) -> None:
        """Nothing: an object is there whole, or not at all."""

    def check(self) -> list[str]:
        """Write an object, look whether the server heeds conditions, and remove it."""
        name = f".check-{uuid4().hex}"
        self._ask(lambda: put(self._store, name, b"syncline", mode="create"))
        heeds = self._heeds(name)
        self.remove(name)
        return [] if heeds else [_CARELESS.format(place=self.address())]

    def address(self, name: str = "") -> str:
        """An address with s3://."""
        return "/".join(part for part in (self.url.url.rstrip("/"), name) if part)

    def _piece(self, name: str, start: int, stop: int) -> bytes:
        if start >= stop:  # a server knows no range without a byte
            return b""
        end = min(start + _PIECE, stop)
        try:
            return bytes(self._ask(lambda: get_range(self._store, name, start=start, end=end)))
        except FileNotFoundError as error:
            raise DataError(f"there is no {self.address(name)}") from error

    def _cut(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        """From a server that knows no ranges: all of it is fetched first."""
        with self.read(name) as file:
            yield from cut(file, start, stop)

    def _heeds(self, name: str) -> bool:
        modes: tuple[Any, ...] = ("create", {"e_tag": '"0123456789abcdef0123456789abcdef"'})
        for mode in modes:
            try:
                self._ask(partial(put, self._store, name, b"syncline", mode=mode))
            except _CONFLICT:
                continue
            return False
        return True

    def _head(self, name: str) -> Any:
        with suppress(FileNotFoundError):
            return self._ask(lambda: get(self._store, name, options={"head": True}))
        return None

    def _noted(self, found: Any) -> str:
        return str(found.attributes.get(_SHOWS, ""))

    def _put(self, content: BinaryIO, name: str, about: Mapping[str, str], mode: Any) -> None:
        """In one piece, because a server can look at a condition only then."""
        content.flush()
        size = content.seek(0, 2)
        if size > _LARGEST:
            message = f"{self.address(name)} would have {size / 1024**3:.1f} GiB; object storage takes 5 in one piece"
            raise DataError(message, hint="publish it as Parquet or with `compression: gzip`")
        attributes: Any = dict(about)
        with _mapped(content, size) as piece:
            self._ask(lambda: put(self._store, name, piece, attributes=attributes, mode=mode))

    def _ask(self, request: Callable[[], _Given]) -> _Given:
        """What the server answers; what it refuses, as a message for people."""
        try:
            return request()
        except (exceptions.BaseError, OSError, ValueError) as error:
            is_answer = isinstance(error, (*_CONFLICT, FileNotFoundError)) and _NO_BUCKET not in str(error)
            if is_answer or _NO_RANGES in str(error):
                raise
            raise self._told(error) from error

    def _told(self, error: Exception) -> Exception:
        text = str(error)
        if _NO_BUCKET in text:
            message = f"there is no bucket {self.url.bucket} at {self.url.endpoint or 'Amazon S3'}"
            return ConfigError(message, hint="make it, or mend `to:`")
        if isinstance(error, _SHUT) or "403 Forbidden" in text:
            return ConfigError(
                f"{self.address()} does not let us in", hint="see `key:`, `secret:` and what they may do"
            )
        why = _REASON.search(text)
        problem = "has no room" if any(word in text for word in _FULL) else "cannot be reached"
        short = why[1].strip() if why else type(error).__name__
        return TransientError(f"{self.address()} {problem}: {short}", hint="the next run tries again")


_CARELESS = (
    "{place}: this server does not heed conditions (If-Match, If-None-Match), so a worker that was stopped for long "
    "could put an older file under latest"
)


@contextmanager
def _mapped(content: BinaryIO, size: int) -> Iterator[Any]:
    """The content as one piece that takes no memory of ours."""
    if not size:
        yield b""
        return
    with mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as piece:
        yield piece
