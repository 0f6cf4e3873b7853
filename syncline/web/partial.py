"""What of a file a client wants: nothing if it has it already, a part, or all of it (RFC 9110, 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers

from syncline.web.problem import Problem

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part of a file: the status to answer with, and the bytes from `start` to before `stop`."""

    status: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a client may compare with what it has.

    Args:
        tag: another one for any other content, in quotes.
        at: since when it is there.
        size: in bytes.
    """

    tag: str
    at: datetime
    size: int

    @property
    def headers(self) -> dict[str, str]:
        """As the client is told."""
        modified = format_datetime(self.at.astimezone(UTC), usegmt=True)
        return {"ETag": self.tag, "Last-Modified": modified, "Accept-Ranges": "bytes"}

    def wanted(self, headers: Headers) -> Wanted:
        """What a request with these headers wants: with the status 200, 206, or 304 and no byte.

        Raises:
            Problem: 412, it wants other content than this; 416, it wants what lies behind the end.
        """
        self._check(headers)
        if self._is_known(headers):
            return Wanted(304, 0, 0)
        found = _RANGE.fullmatch(headers.get("range", "").strip())
        if found is None or not self._is_same(headers.get("if-range")):
            return Wanted(200, 0, self.size)
        return self._part(found[1], found[2])

    def _check(self, headers: Headers) -> None:
        match = headers.get("if-match")
        if match is not None:
            holds = match.strip() == "*" or self.tag in re.findall(r'(?<!W/)"[^"]*"', match)
        else:
            until = _moment(headers.get("if-unmodified-since"))
            holds = until is None or self._modified <= until
        if not holds:
            raise Problem(412, "the file is another one by now", headers=self.headers)

    def _is_known(self, headers: Headers) -> bool:
        tags = headers.get("if-none-match")
        if tags is not None:
            return tags.strip() == "*" or self.tag in _TAG.findall(tags)
        since = _moment(headers.get("if-modified-since"))
        return since is not None and self._modified <= since

    def _is_same(self, told: str | None) -> bool:
        """Whether the part is to be one of this very content."""
        return told is None or told.strip() == self.tag or _moment(told) == self._modified

    def _part(self, first: str, last: str) -> Wanted:
        if not (first or last) or (first and last and int(first) > int(last)):
            return Wanted(200, 0, self.size)
        start = int(first) if first else max(self.size - int(last), 0)
        stop = min(int(last) + 1, self.size) if first and last else self.size
        if start >= stop:
            headers = {"Content-Range": f"bytes */{self.size}", **self.headers}
            raise Problem(416, f"the file has {self.size:,} bytes", headers=headers)
        return Wanted(206, start, stop)

    @property
    def _modified(self) -> datetime:
        return self.at.astimezone(UTC).replace(microsecond=0)


def _moment(text: str | None) -> datetime | None:
    """A time as HTTP has it; what is none counts for nothing."""
    try:
        found = parsedate_to_datetime(text or "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
