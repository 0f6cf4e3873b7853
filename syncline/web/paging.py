"""Lists in pages: each says where the next one begins, so that nothing is left out or doubled while more comes in."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator
from starlette.responses import Response

from syncline.search import Place
from syncline.web.problem import At, invalid

MOST = 200
NEXT = "`next` of the page before."
Item = TypeVar("Item")


def _written(moment: object) -> object:
    """A number is no time: nobody could tell whether it counts seconds or milliseconds."""
    if isinstance(moment, str) and not re.match(r"[0-9]{4}-", moment):
        raise ValueError("write a time as in ISO 8601, such as 2026-11-22T08:00:00Z")
    return moment


def _utc(moment: datetime) -> datetime:
    """The time in UTC; without a zone it is UTC."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time is out of range") from error


Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
After = Annotated[str | None, Query(max_length=4000, description=NEXT)]
Offset = Annotated[str | None, Query(pattern=r"^[0-9]{1,15}$", description=NEXT)]
"""Where a page begins of what does not change any more."""
Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_utc)]
"""A time as ISO 8601."""


def place(after: str | None) -> Place | None:
    """The place in the history that `next` of a page spoke of.

    Raises:
        Problem: it is none (422).
    """
    if after is None:
        return None
    try:
        created_at, run = _said(after)
        return Place(_utc(datetime.fromisoformat(created_at)), run.replace("\0", ""))
    except ValueError:
        invalid([At("this is not the `next` of a page", parameter="after")])


def offset(after: str | None) -> int:
    """How many items lie before a page."""
    return int(after or 0)


def after(place: Place) -> str:
    """The text for `next`."""
    return _as_text([place.created_at.isoformat(), place.run])


def listed(items: Sequence[Item], limit: int, show: Callable[[Item], Any], where: Callable[[Item], Place]) -> Any:
    """A page of a list, of which one more than `limit` were asked for: `items`, and `next` if there are more."""
    shown = items[:limit]
    more = after(where(shown[-1])) if len(items) > limit else None
    return {"items": [show(item) for item in shown], "next": more}


def cut(
    items: Iterable[Item],
    after: str | None,
    limit: int,
    show: Callable[[Item], Any],
    key: Callable[[Item], Sequence[str]],
    *,
    is_falling: bool = False,
) -> Any:
    """A page of a list that is all there, in the order of its key: what comes or goes meanwhile moves no other item.

    Example:
        >>> page = cut("bad", None, 2, str.upper, tuple)
        >>> page["items"], cut("bcad", page["next"], 2, str.upper, tuple)["items"]
        (['A', 'B'], ['C', 'D'])
    """
    ordered = sorted((([*key(item)], item) for item in items), key=lambda one: one[0], reverse=is_falling)
    if after is not None:
        passed = _said(after)
        ordered = [one for one in ordered if (one[0] < passed if is_falling else one[0] > passed)]
    more = _as_text(ordered[limit - 1][0]) if len(ordered) > limit else None
    return {"items": [show(item) for _, item in ordered[:limit]], "next": more}


def written(texts: Sequence[str], more: str | None, **beside: Any) -> Response:
    """A page of items that are JSON already; `more` is where the next begins, `beside` what else is told."""
    told = json.dumps(beside | {"next": more})[:-1]
    whole = f'{told},"items":[{",".join(texts)}]}}'
    return Response(whole.encode(errors="replace"), media_type="application/json")


def _as_text(place: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _said(after: str) -> list[str]:
    """What `next` of a page spoke of.

    Raises:
        Problem: it did not (422).
    """
    try:
        found = json.loads(base64.urlsafe_b64decode(f"{after}==".encode("ascii")))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        invalid([At("this is not the `next` of a page", parameter="after")])
    return found
