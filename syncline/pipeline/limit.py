"""Limits: when a run stops, and when deletions wait for a person."""

from __future__ import annotations

from syncline.errors import DataError
from syncline.pipeline.work import Work

SETTINGS = "changed settings"
"""What the reason begins with where a configuration update waits whole."""


def refuse_too_many_rejections(work: Work, read: int, rejected: int, first: str) -> None:
    """Stop before anything is loaded, if more of the rows read were rejected than may be (R11).

    Raises:
        DataError: there are too many; `first` is told as an example.
    """
    limits = work.sync.limits
    if read < limits.at_least or rejected <= limits.rejected * read:
        return
    share = f"{rejected:,} of {read:,} rows ({rejected / read:.1%})"
    raise DataError(
        f"{share} of model {work.model.name} are rejected, over the limit of {limits.rejected:.0%}; the first: {first}",
        where=work.sync.where,
        hint="mend the rows or the types in `columns:`, or raise `limits: {rejected: …}`; nothing was changed",
    )


def is_over(work: Work, deletions: int, *, is_empty: bool) -> bool:
    """The run deletes more than may go unseen, or nothing is left where there was something (R25)."""
    limits, rows = work.sync.limits, work.sent.rows
    if deletions <= 0 or work.sync.target.on_delete == "ignore":
        return False
    return is_empty or (rows >= limits.at_least and deletions > limits.deleted * rows)


def reason(work: Work, *, is_empty_read: bool, makes_nothing: bool) -> str:
    """Why deletions are withheld."""
    if is_empty_read:
        return "the source is empty, though rows came from it before"
    if makes_nothing and not work.request.update:
        return "the transform makes nothing of any row, though it did before"
    over = f"over the limit of {work.sync.limits.deleted:.0%} of the rows"
    return f"{SETTINGS} that delete {over}" if work.request.update else f"deletions {over}"
