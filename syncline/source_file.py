"""Files that are handed over when a run is started (P2.6, P2.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from syncline.errors import ConfigError
from syncline.model import JSON
from syncline.secret import Secret

_KNOWN = ("path", "url", "data_model", "source", "part", "attributes")
_EXAMPLE = '{"url": "https://…/prices.csv"} or {"path": "prices.csv"}'


def shown(url: str) -> str:
    """An address without what makes it a secret: who asks, and with which signature.

    Example:
        >>> shown("https://me:word@host:8443/prices.csv?signature=abc#x")
        'https://host:8443/prices.csv'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that is read this time, in place of what the source reads by itself.

    Args:
        path: where it lies in the workspace; empty: it has a `url`.
        url: from where it can be had; pre-authenticated, so a secret.
        data_model: which model it is of; empty: the only one that is synced.
        source: which of several sources knows how to read it; empty: the only one that can.
        part: what this part of the model is called; the file that bears the same name next time takes its place.
        attributes: what the source is told about it; those named like columns of the model are their values (P2.15).
    """

    path: str = ""
    url: Secret = field(default=Secret(""))
    data_model: str = ""
    source: str = ""
    part: str = ""
    attributes: Mapping[str, JSON] = field(default_factory=dict)

    @classmethod
    def parse(cls, item: object) -> SourceFile:
        """Read a file as it comes from JSON; a text is a path or an address.

        Raises:
            ConfigError: it is neither, or both; or there is something else in it.
        """
        if isinstance(item, str):
            item = {"url" if "://" in item else "path": item}
        if not isinstance(item, Mapping) or set(item) - set(_KNOWN) or not _are_texts(item):
            known = f"{_EXAMPLE}; also {', '.join(_KNOWN[2:])}"
            raise ConfigError("one of the `source_files` is no file to read", hint=known)  # its address is not told
        given: dict[str, Any] = {**item, "url": Secret(item.get("url") or "")}
        if bool(given["url"]) == bool(given.get("path")):
            raise ConfigError("a source file has either a `path` or a `url`", hint=_EXAMPLE)
        if given["url"] and not _is_address(given["url"].reveal()):
            raise ConfigError("the address of a source file begins with https://", hint=_EXAMPLE)
        if "/" in given.get("part", ""):
            raise ConfigError("a part has no / in its name", hint="`part`: letters, digits, `_`, `-` and `.`")
        return cls(**given)

    def __str__(self) -> str:
        """Where it is, without what is secret in it."""
        return shown(self.url.reveal()) if self.url else self.path

    @property
    def name(self) -> str:
        """The name of the file alone."""
        return PurePosixPath(urlsplit(self.url.reveal()).path if self.url else self.path).name

    def revealed(self) -> dict[str, JSON]:
        """The file as JSON, the way `parse` takes it, with all of its address: to be sealed, and nothing else."""
        return self.as_json() | ({"url": self.url.reveal()} if self.url else {})

    def as_json(self) -> dict[str, JSON]:
        """The file as JSON, the way `parse` takes it, but for what is secret in its address (R31)."""
        place: dict[str, JSON] = {"url": str(self)} if self.url else {"path": self.path}
        more = {"data_model": self.data_model, "source": self.source, "part": self.part}
        attributes: dict[str, JSON] = {"attributes": dict(self.attributes)} if self.attributes else {}
        return place | {key: value for key, value in more.items() if value} | attributes


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _are_texts(item: Mapping[str, Any]) -> bool:
    texts = all(isinstance(value, str) for key, value in item.items() if key != "attributes")
    attributes = item.get("attributes", {})
    return (
        texts
        and isinstance(attributes, Mapping)
        and not any(isinstance(value, list | dict) for value in attributes.values())
    )
