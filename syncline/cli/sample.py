"""Rows before and after the transform, shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from syncline.cli.screen import plain, say, table, value

if TYPE_CHECKING:
    from syncline.pipeline import Sample
    from syncline.pipeline.sample import Row, Sampled

_NOTHING, _REPEATED = "not sent", "〃"


def show_sample(sample: Sample) -> None:
    """Some rows and, beside them, what is made of them."""
    say("  of the source, and what is made of it:")
    table([", ".join(sample.key), "row", "becomes"], [line for one in sample.rows for line in _lines(one, sample)])


def sample_json(sample: Sample) -> list[dict[str, Any]]:
    """The same as JSON."""
    return [
        {"before": plain(one.before), "after": [plain(row) for row in one.after], "rejected": one.rejected}
        for one in sample.rows
    ]


def _lines(one: Sampled, sample: Sample) -> Iterator[tuple[str, str, str]]:
    """A line for each row made of a row; one where there is none."""
    key = "" if one.before is None else ", ".join(value(one.before[column]) for column in sample.key)
    nothing = f"rejected: {one.rejected}" if one.rejected else "" if sample.together else _NOTHING
    before = "" if one.before is None else _told(one.before)
    for made in [_told(row) for row in one.after] or [nothing]:
        yield key, before, made
        key, before = key and _REPEATED, ""


def _told(row: Row) -> str:
    return ", ".join(f"{name}={value(cell)}" for name, cell in row.items())
