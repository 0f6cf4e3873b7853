"""How values look on a page: counts, durations, cells."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from syncline.request import Request

_SHORT = 10
_UNITS = {86400: ("d", 3600, "h"), 3600: ("h", 60, "min"), 60: ("min", 1, "s")}
MOST = 200
"""So many characters of a value are shown; the whole of it stands in its title."""


def number(count: float) -> str:
    """A count.

    Example:
        >>> number(1234567)
        '1,234,567'
    """
    return f"{count:,}"


def plural(count: int, thing: str) -> str:
    """A count with its word.

    Example:
        >>> plural(1, "row"), plural(2000, "row"), plural(2, "entry")
        ('1 row', '2,000 rows', '2 entries')
    """
    many = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{number(count)} {thing if count == 1 else many}"


def span(length: timedelta | float | None) -> str:
    """How long something is, in the two largest units.

    Example:
        >>> span(timedelta(seconds=125)), span(3.21), span(0.05), span(timedelta(days=2, hours=3)), span(900)
        ('2 min 5 s', '3.2 s', '50 ms', '2 d 3 h', '15 min')
    """
    if length is None:
        return ""
    seconds = max(length.total_seconds() if isinstance(length, timedelta) else length, 0.0)
    if seconds < _SHORT:
        return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, (large, part, small) in _UNITS.items():
        if whole >= unit:
            rest = whole % unit // part
            return f"{whole // unit} {large}{f' {rest} {small}' if rest else ''}"
    return f"{whole} s"


def lasting(start: datetime | None, end: datetime | None) -> str:
    """How long something took; empty where that is not known."""
    return "" if start is None or end is None else span(end - start)


def asked(request: Request) -> str:
    """What a run was asked for.

    Example:
        >>> asked(Request()), asked(Request.parse({"data_models_to_sync": ["BOOKS"], "full_sync": True}))
        ('what changed', 'everything, of BOOKS')
        >>> asked(Request.parse({"data_models_to_sync": [{"data_model": "BOOKS", "sync_from": "2026-01-31"}]}))
        'what changed, of BOOKS since 2026-01-31'
    """
    ways = {
        "changed settings": request.update,
        "approved deletions": request.approve,
        "everything, sent anew": request.resend,
        "everything": request.full_sync,
        "files handed over": request.source_files,
    }
    way = next((name for name, is_wanted in ways.items() if is_wanted), "what changed")
    dated = [f"{one.data_model}{_since(one.sync_from)}" for one in request.data_models_to_sync]
    models = ", ".join([*request.approve, *dated])
    return f"{way}, of {models}" if models else way


def _since(moment: datetime | None) -> str:
    return "" if moment is None else f" since {moment:%Y-%m-%d}"


def cell(value: Any) -> str:
    """A value of a row, as text.

    Example:
        >>> cell(1.50), cell(b"ab"), cell(True), cell("x")
        ('1.5', '0x6162', 'true', 'x')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def short(text: str) -> str:
    """The beginning of a text that may be long."""
    return text if len(text) <= MOST else f"{text[:MOST]}…"
