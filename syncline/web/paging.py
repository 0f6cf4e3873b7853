"""Lists in pages: each says where the next one begins, so that nothing is left out or doubled while more comes in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query
from pydantic import AfterValidator

from syncline.search import Place
from syncline.web.problem import At, invalid

MOST = 200
Item = TypeVar("Item")


def _utc(moment: datetime) -> datetime:
    """The time in UTC; without a zone it is UTC."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time is out of range") from error


Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
After = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]
Offset = Annotated[str | None, Query(pattern=r"^[0-9]{1,15}$", description="`next` of the page before.")]
"""Where a page begins of what does not change any more."""
Moment = Annotated[datetime, AfterValidator(_utc)]
"""A time as ISO 8601."""


def place(after: str | None) -> Place | None:
    """The place in the history that `next` of a page spoke of.

    Raises:
        Problem: it is none (422).
    """
    if after is None:
        return None
    try:
        created_at, run = json.loads(base64.urlsafe_b64decode(after.encode("ascii")))
        return Place(_utc(datetime.fromisoformat(created_at)), str(run).replace("\0", ""))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        invalid([At("this is not the `next` of a page", parameter="after")])


def offset(after: str | None) -> int:
    """How many items lie before a page."""
    return int(after or 0)


def after(place: Place) -> str:
    """The text for `next`."""
    text = json.dumps([place.created_at.isoformat(), place.run])
    return base64.urlsafe_b64encode(text.encode()).decode()


def listed(items: Sequence[Item], limit: int, show: Callable[[Item], Any], where: Callable[[Item], Place]) -> Any:
    """A page of a list, of which one more than `limit` were asked for: `items`, and `next` if there are more."""
    shown = items[:limit]
    more = after(where(shown[-1])) if len(items) > limit else None
    return {"items": [show(item) for item in shown], "next": more}


def cut(items: Sequence[Item], after: str | None, limit: int, show: Callable[[Item], Any]) -> dict[str, Any]:
    """A page of a list that is all there.

    Example:
        >>> cut("abcde", "2", 2, str.upper)
        {'items': ['C', 'D'], 'next': '4'}
    """
    start = offset(after)
    more = str(start + limit) if len(items) > start + limit else None
    return {"items": [show(item) for item in items[start : start + limit]], "next": more}


def told(moment: datetime | None) -> str | None:
    """A time as programs are told."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
