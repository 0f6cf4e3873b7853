"""Which form of an answer the asker wants, by the header Accept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncline.web.problem import Problem


def accepted(header: str | None, offered: Sequence[str]) -> str:
    """The one of the media types offered that is wanted most; where several are, the one offered first.

    Raises:
        Problem: 406, none of them is.

    Example:
        >>> accepted("text/html;q=0.3, application/*", ["text/html", "application/json"])
        'application/json'
    """
    wanted = list(_ranges(header or "*/*"))
    best = max(offered, key=lambda kind: _quality(kind, wanted))
    if _quality(best, wanted) <= 0:
        raise Problem(406, "there is no such form of this", hint=f"there are {', '.join(offered)}")
    return best


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(","):
        kind, *parameters = (text.strip().lower() for text in part.split(";"))
        told = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            yield kind, min(max(float(told), 0.0), 1.0)
        except ValueError:
            yield kind, 0.0


def _quality(kind: str, wanted: Sequence[tuple[str, float]]) -> float:
    """How much a media type is wanted; what names it more exactly counts."""
    for pattern in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        for named, quality in wanted:
            if named == pattern:
                return quality
    return 0.0
