"""Files in object storage: listed there, and fetched one after another while they are read (P2.5)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from connectors.files import folder
from syncline import ConfigError, Missing, Secret, SynclineError, TransientError

if TYPE_CHECKING:
    from obstore.store import S3Store

SCHEME = "s3://"
NOTHING = Secret("")
_REASON = re.compile(r"(?:status code|HTTP error): ([^<\n]{1,200})")
_WILD = re.compile(r"[*?[]")
_Given = TypeVar("_Given")


@dataclass(frozen=True)
class Bucket:
    """A prefix in a bucket: `s3://bucket/prefix`.

    Args:
        url: which.
        endpoint: the server; empty: Amazon S3.
        key, secret: who asks; empty: as the environment says.
        region: where the bucket is.
    """

    url: str
    endpoint: str = ""
    key: str = ""
    secret: Secret = NOTHING
    region: str = ""

    @cached_property
    def _store(self) -> S3Store:
        from obstore.store import S3Store  # noqa: PLC0415 - only where there is a bucket

        parts = urlsplit(self.url)
        told = {
            "access_key_id": self.key,
            "secret_access_key": self.secret.reveal(),
            "endpoint": self.endpoint,
            "region": self.region,
        }
        options: Any = {"timeout": "300s", "connect_timeout": "5s", "allow_http": self.endpoint.startswith("http://")}
        again: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
        settings: Any = {name: value for name, value in told.items() if value}
        prefix = parts.path.strip("/") or None
        return S3Store(parts.netloc, prefix=prefix, client_options=options, retry_config=again, **settings)

    def check(self) -> None:
        """Ask for the list of what is there.

        Raises:
            ConfigError: there is no such bucket, or it does not let us in.
            TransientError: the server does not answer.
        """
        self._names("")

    def find(self, origin: str) -> list[str]:
        """The files that a name or a pattern stands for, sorted; hidden ones must be named.

        Raises:
            Missing: there is none.
        """
        folder.check_inside(origin)
        steps = PurePosixPath(origin).parts
        plain = next((number for number, step in enumerate(steps[:-1]) if _WILD.search(step)), len(steps) - 1)
        names = self._names("/".join(steps[:plain]))
        found = [origin] if origin in names else [name for name in names if fits(PurePosixPath(name).parts, steps)]
        if not found:
            raise Missing(f"there is no file `{origin}` in {self.url}", hint=folder.told(names))
        return found

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """A file as it is now, on this machine."""
        from obstore import get  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="syncline-") as place:
            path = Path(place) / PurePosixPath(name).name
            found = self._ask(lambda: get(self._store, name))
            with path.open("wb") as file:
                self._ask(lambda: file.writelines(found.stream()))
            try:
                yield path
            except SynclineError as error:
                error.where = error.where.replace(str(path), f"{self.url}/{name}")
                raise

    def _names(self, prefix: str) -> list[str]:
        from obstore import list as listed  # noqa: PLC0415

        below = prefix or None
        return sorted(self._ask(lambda: [meta["path"] for some in listed(self._store, prefix=below) for meta in some]))

    def _ask(self, request: Callable[[], _Given]) -> _Given:
        """What the server answers; what it refuses, as a message for people."""
        from obstore import exceptions  # noqa: PLC0415

        try:
            return request()
        except (exceptions.BaseError, OSError, ValueError) as error:
            text = str(error)
            if "NoSuchBucket" in text:
                raise ConfigError(
                    f"there is no bucket for {self.url}", hint="check `folder:` and `endpoint:`"
                ) from None
            if isinstance(error, FileNotFoundError):
                raise Missing(f"a file is no longer in {self.url}") from None
            shut = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
            if isinstance(error, shut) or "403 Forbidden" in text:
                hint = "see `key:`, `secret:` and what they may do"
                raise ConfigError(f"{self.url} does not let us in", hint=hint) from None
            why = _REASON.search(text)
            short = why[1].strip() if why else type(error).__name__
            raise TransientError(f"{self.url} cannot be reached: {short}") from None


def fits(name: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a name is one of a pattern's, step by step; `**` stands for any number of steps.

    Example:
        >>> fits(("2024", "a.csv"), ("*", "*.csv")), fits(("a.csv",), ("**", "a.csv")), fits((".a.csv",), ("*",))
        (True, True, False)
    """
    if not name or not pattern:
        return not name and not pattern
    if pattern[0] == "**":
        return fits(name, pattern[1:]) or fits(name[1:], pattern)
    return not name[0].startswith(".") and fnmatchcase(name[0], pattern[0]) and fits(name[1:], pattern[1:])
