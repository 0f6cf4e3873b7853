"""The rules of a sync in dicts: what the machine of test_machine.py holds the real thing against."""

from __future__ import annotations

from dataclasses import dataclass, field

from syncline import Batch, SyncMode

SHARE, AT_LEAST = 0.3, 5
Row = tuple[int, int]
"""A row without its key: value and version."""
Changes = dict[int, Row | None]


@dataclass
class Owed:
    """What the model says is owed."""

    rejected: set[int] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)
    withheld: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)


@dataclass
class Standing:
    """Where the model says that everything stands."""

    snapshot: dict[int, tuple[Row, str]] = field(default_factory=dict)
    sent: dict[int, Row] = field(default_factory=dict)
    owed: Owed = field(default_factory=Owed)
    cursors: dict[str, int] = field(default_factory=dict)
    known: bool = False


@dataclass
class Reading:
    """What one read says: the last word on each key, and what that proves."""

    rows: dict[int, tuple[Row, str]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)
    complete: set[str] = field(default_factory=set)
    cursors: dict[str, int] = field(default_factory=dict)


def understood(batches: list[Batch]) -> Reading:
    """The rules of reading, R7 and R11, in dicts."""
    reading = Reading()
    said: dict[int, list[tuple[Row, str] | None]] = {}
    complete: dict[str, bool] = {}
    for batch in batches:
        for row in batch.rows or []:
            if isinstance(row["value"], str):
                reading.rejected.add(row["id"])
            else:
                word = ((row["value"], row["version"]), batch.part)
                said[row["id"]] = [*said.get(row["id"], []), word]
        for row in batch.deleted or []:
            said[row["id"]] = [None]
        complete[batch.part] = batch.complete
        if batch.cursor is not None:
            reading.cursors[batch.part] = batch.cursor
    for key, words in said.items():
        kept = {word for word in words if word is not None}
        if len(kept) > 1:
            reading.rejected.add(key)
        elif kept:
            reading.rows[key] = kept.pop()
        else:
            reading.gone.add(key)
    reading.complete = {part for part, whole in complete.items() if whole}
    return reading


def planned(was: Standing, reading: Reading, mode: SyncMode, approved: set[int] | None) -> tuple[Standing, Changes]:
    """The rules of planning, R2, R3, R7, R10, R25 and R26, in dicts: where it leads, and what is to be sent."""
    now = Standing(dict(was.snapshot), dict(was.sent), Owed(), dict(was.cursors), known=True)
    seen = set(reading.rows) | reading.gone
    full = mode is SyncMode.FULL and approved is None
    now.snapshot.update(reading.rows)
    missing = set(was.snapshot) - seen - reading.rejected
    unproven = {key for key in missing if was.snapshot[key][1] not in reading.complete}
    for key in reading.gone | (missing - unproven if full else set()):
        now.snapshot.pop(key, None)
    now.owed.absent = unproven if full else was.owed.absent - seen - reading.rejected
    now.owed.rejected = set(reading.rejected)
    if mode is SyncMode.FROM_DATE or approved is not None:
        now.owed.rejected |= was.owed.rejected - seen
    if approved is None and not reading.rejected and (mode is not SyncMode.FROM_DATE or not was.known):
        now.cursors |= reading.cursors
    changed = {key for key in {*now.snapshot, *was.snapshot} if now.snapshot.get(key) != was.snapshot.get(key)}
    asked = changed | was.owed.withheld | was.owed.refused
    wanted = {key: now.snapshot[key][0] if key in now.snapshot else None for key in asked}
    changes = {key: row for key, row in wanted.items() if was.sent.get(key) != row}
    deletions = {key for key, row in changes.items() if row is None} - (approved or set())
    over = len(was.sent) >= AT_LEAST and len(deletions) > SHARE * len(was.sent)
    empty = full and not reading.rows and not reading.rejected
    now.owed.withheld = deletions if over or (empty and deletions) else deletions & was.owed.withheld
    return now, {key: row for key, row in changes.items() if key not in now.owed.withheld}


def loaded(now: Standing, changes: Changes, refused: set[int]) -> Standing:
    """The rules of loading, R2 and R19, in dicts."""
    now.owed.refused = set(changes) & refused
    for key, row in changes.items():
        if key not in refused:
            now.sent.pop(key, None)
            if row is not None:
                now.sent[key] = row
    return now
