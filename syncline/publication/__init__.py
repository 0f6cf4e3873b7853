"""Files made from what was sent: immutable versions, and a `latest` that is always whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from syncline import export
from syncline.export import Format, Options
from syncline.publication.address import Address, located

__all__ = ["KEPT", "Access", "Address", "Checks", "Format", "Options", "Publication", "latest", "located"]

KEPT = 30
"""How many versions of a file are kept, unless one says otherwise."""


class Access(StrEnum):
    """Who may fetch a published file from the service: who has a key, who has a link that we signed too, or anybody."""

    PUBLIC = "public"
    KEY = "key"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Checks:
    """What a version must pass before `latest` shows it.

    Args:
        may_be_empty: a file without rows is published as well.
        shrink: the share of the rows of `latest` that may be missing; None: any.
    """

    may_be_empty: bool = False
    shrink: float | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """One export file of a model.

    Args:
        name: tells it from others of the same format: `latest.csv` has none, `prices/latest.csv` is called prices.
        to: the place where it goes; None: the storage of the workspace.
        checks: what a version must pass.
        keep: how many versions are kept, or for how long.
        delta: whether each version comes with a file of what has changed since the one before.
        access: who may fetch it, where the connection allows downloads.
    """

    format: Format
    name: str = ""
    options: Options = field(default_factory=Options)
    to: Address | None = None
    checks: Checks = field(default_factory=Checks)
    keep: int | timedelta = KEPT
    delta: bool = False
    access: Access = Access.KEY

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

    def fingerprint(self) -> str:
        """What its content depends on besides the rows: when it changes, the same plan makes another version (R5)."""
        parts = [self.format, repr(self.options.chosen())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def identity(self) -> list[str]:
        """What it is and where it goes, without secrets: when it changes, it is published anew (R5)."""
        return [self.name, self.fingerprint(), self.to.url if self.to else ""]


def latest(version: str) -> str:
    """The constant address of the file that this is a version of.

    Example:
        >>> latest("s3://shop/BOOKS/versions/001-BOOKS.csv.gz")
        's3://shop/BOOKS/latest.csv.gz'
    """
    folder, _, name = version.rpartition("/versions/")
    return f"{folder}/latest{name[name.index('.') :]}"
