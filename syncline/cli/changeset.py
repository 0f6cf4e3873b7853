"""The rows of a changeset, to look at: what changes, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from syncline.changes import Changeset
from syncline.cli.screen import plain, table, value

_CHUNK = 1024
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after; None where it is not there."""

    before: Row | None
    after: Row | None

    @property
    def operation(self) -> str:
        """insert, update or delete."""
        if self.before is None:
            return "insert"
        return "delete" if self.after is None else "update"

    @property
    def row(self) -> Row:
        """The row as it is, or was."""
        return self.after if self.after is not None else self.before or {}

    def told(self) -> str:
        """What changes, for people: of an updated row the columns that differ, of others all that is not NULL.

        Example:
            >>> Change({"id": 1, "total": 5}, {"id": 1, "total": 7}).told()
            'total: 5 → 7'
        """
        if self.before is None or self.after is None:
            return ", ".join(f"{name}={value(cell)}" for name, cell in self.row.items() if cell is not None)
        differing = [name for name in self.after if repr(self.before.get(name)) != repr(self.after[name])]
        return ", ".join(f"{name}: {value(self.before.get(name))} → {value(self.after[name])}" for name in differing)


def changes(changeset: Changeset, limit: int) -> list[Change]:
    """The first rows of a changeset: deleted ones, then updated, then inserted ones."""
    pairs = zip(_rows(changeset.previous(_CHUNK)), _rows(changeset.updates(_CHUNK)), strict=True)
    deleted = (Change(row, None) for row in _rows(changeset.removed(_CHUNK)))
    updated = (Change(before, after) for before, after in pairs)
    inserted = (Change(None, row) for row in _rows(changeset.inserts(_CHUNK)))
    return [change for group in (deleted, updated, inserted) for change in islice(group, limit)][:limit]


def show_changes(changeset: Changeset, limit: int) -> None:
    """The first rows as a table, and how many more there are."""
    shown = changes(changeset, limit)
    if not shown:
        return
    key = changeset.model.key
    rows = [(change.operation, ", ".join(value(change.row[name]) for name in key), change.told()) for change in shown]
    rest = len(changeset) - len(shown)
    table(["change", ", ".join(key), "row"], [*rows, *([("…", f"{rest:,} more", "")] if rest else [])])


def changes_json(changeset: Changeset, limit: int) -> list[dict[str, Any]]:
    """The first rows as JSON."""
    return [
        {"operation": change.operation, "before": plain(change.before), "after": plain(change.after)}
        for change in changes(changeset, limit)
    ]


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    for batch in batches:
        yield from batch.to_pylist()
