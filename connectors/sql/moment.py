"""Dates and times against the cursor columns of a database, whatever these hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from syncline import ConfigError, Cursor

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6}))?(Z|[+-]\d\d:?\d\d)?)?")
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)(Z|[+-]\d\d:?\d\d)?")
_MILLISECONDS_FROM, _MICROSECONDS_FROM = 10**11, 10**14


def earlier(cursor: Cursor, overlap: timedelta | None) -> Cursor:
    """The cursor moved back by the overlap; its style stays, for text is compared as text (R9).

    Raises:
        ConfigError: it is no date.

    Example:
        >>> earlier("2023-01-31T00:00:10Z", timedelta(seconds=15))
        '2023-01-30T23:59:55Z'
    """
    if not overlap:
        return cursor
    style = _ISO.fullmatch(cursor) if isinstance(cursor, str) else None
    if style is None:
        message = f"`overlap` needs a cursor of dates; {cursor!r} is none"
        raise ConfigError(message, hint="leave `overlap` out, or take a cursor of type timestamp")
    _, between, minutes, seconds, fraction, zone = style.groups()
    start = datetime.fromisoformat(str(cursor)) - overlap
    pieces = [start.date().isoformat()]
    if minutes:
        pieces.append(f"{between}{start:%H:%M}")
    if seconds:
        pieces.append(f":{start:%S}")
    if fraction:
        pieces.append("." + f"{start.microsecond:06}"[: len(fraction)])
    return "".join(pieces) + (zone or "")


def epoch(moment: datetime, like: float) -> int:
    """The moment as the number of seconds since 1970, or of milli- or microseconds if `like` is that large.

    Example:
        >>> epoch(datetime(2023, 1, 1, tzinfo=UTC), 1_700_000_000_000)
        1672531200000
    """
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    if like >= _MICROSECONDS_FROM:
        return microseconds
    return microseconds // (1000 if like >= _MILLISECONDS_FROM else 1_000_000)


def sqlite_text(moment: datetime, *, date_only: bool) -> str:
    """The moment as SQLite's own `datetime()` writes it; of a column of dates, the day."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d 00:00:00" if date_only else "%Y-%m-%d %H:%M:%S")


def style(moment: str) -> tuple[str, str] | None:
    """Which texts can be compared with this one as texts, as a GLOB, and the first day on which others may be later.

    Texts of another separator, length or zone are not in the order of time beside it, but they begin with a date,
    and no zone is a whole day away. None: it is no date.

    Example:
        >>> style("2023-01-31T00:30Z")
        ('[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]Z', '2023-01-30')
    """
    written = _WRITTEN.fullmatch(moment)
    if written is None:
        return None
    try:
        instant = datetime.fromisoformat(moment)
        day = instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC).date() - timedelta(days=1)
    except (OverflowError, ValueError):
        return None
    return re.sub(r"\d", "[0-9]", written[1]) + (written[2] or ""), day.isoformat()
