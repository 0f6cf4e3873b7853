"""The rows of a changeset, to look at: what changes, before and after."""

from __future__ import annotations

from typing import Any

from syncline.change import Change, read_changes
from syncline.changes import Changeset
from syncline.cli.screen import plain, table, value


def show_changes(changeset: Changeset, limit: int) -> None:
    """The first rows as a table, and how many more there are."""
    shown = read_changes(changeset, limit=limit)
    if not shown:
        return
    key = changeset.model.key
    rows = [(change.operation, ", ".join(value(change.row[name]) for name in key), _told(change)) for change in shown]
    rest = len(changeset) - len(shown)
    table(["change", ", ".join(key), "row"], [*rows, *([("…", f"{rest:,} more", "")] if rest else [])])


def changes_json(changeset: Changeset, limit: int) -> list[dict[str, Any]]:
    """The first rows as JSON."""
    return [
        {"operation": change.operation, "before": plain(change.before), "after": plain(change.after)}
        for change in read_changes(changeset, limit=limit)
    ]


def _told(change: Change) -> str:
    """What changes, for people: of an updated row the columns that differ, of others all that is not NULL.

    Example:
        >>> _told(Change("update", {"id": 1, "total": 5}, {"id": 1, "total": 7}))
        'total: 5 → 7'
    """
    if change.before is None or change.after is None:
        return ", ".join(f"{name}={value(cell)}" for name, cell in change.row.items() if cell is not None)
    pairs = [(name, value(change.before[name]), value(change.after[name])) for name in change.differing]
    return ", ".join(f"{name}: {before} → {after}" for name, before, after in pairs)
