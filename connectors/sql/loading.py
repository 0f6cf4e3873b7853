"""A load into any SQL database: fenced, once a plan, refused rows singled out (R12, R19-R21)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from connectors.sql.cell import as_json, key_from_json
from connectors.sql.reading import FETCH_ROWS
from syncline import DataError, LeaseLost, Load, Rejection

MOST_REFUSED = 10_000
DELETED_AT, CONNECTION = "_deleted_at", "_connection"
Row: TypeAlias = tuple[Any, ...]
Operation: TypeAlias = Callable[[Sequence[Row]], None]


class Refused(Exception):
    """The database does not take (one of) these rows; the reason in its words."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database knows of the last load of a scope."""

    fence: int
    plan: str
    rejected: str


class Plans(Protocol):
    """The plans a database has noted, in a write transaction."""

    def stored(self) -> Stored | None:
        """What the last load of the scope left; held against others from now on (R21)."""

    def note(self, stored: Stored) -> None:
        """Put that down, in this very transaction."""


class Writer(Plans, Protocol):
    """A database in a write transaction."""

    def savepoint(self) -> AbstractContextManager[None]:
        """All of what happens within, or nothing of it; the transaction goes on."""

    def encoded(self, rows: pa.RecordBatch) -> tuple[list[Row], dict[int, str]]:
        """Rows as the database takes them, and why some cannot be kept as they are."""

    def upsert(self, rows: Sequence[Row]) -> None:
        """Insert or update rows; raises Refused."""

    def delete(self, rows: Sequence[Row]) -> None:
        """Delete or mark the rows with these keys; raises Refused."""


def load(writer: Writer, request: Load) -> list[Rejection]:
    """Apply the plan row by row, unless it has been (R20)."""
    return once(writer, request, lambda: _apply(writer, request))


def once(plans: Plans, request: Load, apply: Callable[[], list[Rejection]]) -> list[Rejection]:
    """Apply the plan, or answer again what was answered when it was first applied (R20).

    Raises:
        LeaseLost: a plan with a higher fence has been here.
        DataError: too many rows are refused.
    """
    before = plans.stored()
    if before and before.fence > request.fence:  # Invariant 6
        message = f"{request.scope} was loaded by a later run (fence {before.fence}; this one has {request.fence})"
        raise LeaseLost(message)
    if before and before.plan == request.plan:  # Invariant 5
        plans.note(Stored(request.fence, before.plan, before.rejected))
        return _from_text(before.rejected, request)
    rejected = apply()
    plans.note(Stored(request.fence, request.plan, _as_text(rejected)))
    return rejected


def sift(attempt: Callable[[Sequence[int]], str], places: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Try these together; where one is refused, halve until it stands alone, and tell its place and why (R19).

    Example:
        >>> list(sift(lambda places: "odd one out" if 5 in places else "", range(8)))
        [(5, 'odd one out')]
    """
    reason = attempt(places)
    if reason and len(places) == 1:
        yield places[0], reason
    elif reason:
        middle = len(places) // 2
        yield from sift(attempt, places[:middle])
        yield from sift(attempt, places[middle:])


def key_of(batch: pa.RecordBatch, row: int, key: Sequence[str]) -> dict[str, Any]:
    """The key of a row, as values of Python."""
    return {name: _cell(batch.column(name)[row]) for name in key}


def check_count(refused: int, first: str = "") -> None:
    """See that not too many are refused, for then something else is wrong than single rows.

    Raises:
        DataError: there are.
    """
    if refused > MOST_REFUSED:
        message = f"more than {MOST_REFUSED:,} rows are refused, so nothing was loaded; the first: {first}"
        raise DataError(message, hint="mend the table or the model, then run again")


def _apply(writer: Writer, request: Load) -> list[Rejection]:
    loading = _Loading(writer, request.model.key)
    if request.target.on_delete != "ignore":
        for batch in request.changes.deletes(FETCH_ROWS):
            loading.take(writer.delete, batch)
            request.progress(batch.num_rows)
    for batch in request.changes.upserts(FETCH_ROWS):
        loading.take(writer.upsert, batch)
        request.progress(batch.num_rows)
    loading.try_again()
    return [*loading.formless, *(Rejection(item.key, item.reason) for item in loading.refused)]


@dataclass(slots=True)
class _Item:
    operation: Operation
    row: Row
    key: dict[str, Any]
    reason: str = ""


@dataclass(slots=True)
class _Loading:
    """Rows on their way in; those refused stand aside."""

    writer: Writer
    key: tuple[str, ...]
    refused: list[_Item] = field(default_factory=list)
    formless: list[Rejection] = field(default_factory=list)

    def take(self, operation: Operation, batch: pa.RecordBatch) -> None:
        rows, reasons = self.writer.encoded(batch)
        self.formless += [Rejection(key_of(batch, row, self.key), reason) for row, reason in reasons.items()]
        self._check_count()
        good = [index for index in range(batch.num_rows) if index not in reasons] if reasons else range(batch.num_rows)
        self._narrow(operation, rows, batch, good)

    def try_again(self) -> None:
        """Rows may have been refused only because others came later, such as the row they refer to."""
        while self.refused:
            waiting, self.refused = self.refused, []
            for item in waiting:
                if reason := self._refusal(item.operation, [item.row]):
                    self.refused.append(_Item(item.operation, item.row, item.key, reason))
            if len(self.refused) == len(waiting):
                return

    def _narrow(self, operation: Operation, rows: Sequence[Row], batch: pa.RecordBatch, which: Sequence[int]) -> None:
        def attempt(places: Sequence[int]) -> str:
            return self._refusal(operation, [rows[place] for place in places])

        for place, reason in sift(attempt, which):
            self.refused.append(_Item(operation, rows[place], key_of(batch, place, self.key), reason))
            self._check_count()

    def _refusal(self, operation: Operation, rows: Sequence[Row]) -> str:
        try:
            with self.writer.savepoint():
                operation(rows)
        except Refused as refused:
            return str(refused) or "the database does not say why"
        return ""

    def _check_count(self) -> None:
        reasons = [*(item.reason for item in self.refused[:1]), *(item.reason for item in self.formless[:1])]
        check_count(len(self.refused) + len(self.formless), *reasons[:1])


def _cell(value: pa.Scalar) -> Any:
    """The value, or its text where Python has none for it."""
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        return value.cast(pa.string()).as_py()


def _as_text(rejected: Sequence[Rejection]) -> str:
    items = [[{name: as_json(cell) for name, cell in (item.key or {}).items()}, item.reason] for item in rejected]
    return json.dumps(items)


def _from_text(text: str, request: Load) -> list[Rejection]:
    schema = request.model.key_schema
    return [Rejection(key_from_json(key, schema), reason) for key, reason in json.loads(text)]
