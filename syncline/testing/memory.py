"""Ends in memory: a source that says what it is told to, and a destination that can refuse and break."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncline.connector import Destination, Load, Source
from syncline.model import Batch, Read, Rejection


@dataclass(frozen=True)
class MemorySource(Source):
    """A source whose answer is a function of the request.

    Example:
        >>> from syncline import DataModel
        >>> import pyarrow as pa
        >>> pets = DataModel("pets", pa.schema({"id": pa.int64()}), ("id",))
        >>> source = MemorySource(lambda request: [Batch(rows=[{"id": 1}], complete=True)])
        >>> [batch.complete for batch in source.read(Read(pets))]
        [True]
    """

    answer: Callable[[Read], Sequence[Batch | BaseException]]

    def identity(self) -> str:
        """Always the same."""
        return "memory"

    def read(self, request: Read) -> Iterator[Batch]:
        """Give the batches of the answer; raise what is an exception among them."""
        for item in self.answer(request):
            if isinstance(item, BaseException):
                raise item
            yield item


@dataclass(frozen=True)
class MemoryDestination(Destination):
    """A destination that keeps rows by key, and does not take the ones it refuses.

    Args:
        rows: what it holds: key -> row.
        refused: keys it does not take.
        touched: called before each row; may raise, to break in the middle.
        loads: the ids of the plans it was asked to load.
    """

    rows: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    refused: set[tuple[Any, ...]] = field(default_factory=set)
    touched: list[Callable[[], None]] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def identity(self) -> str:
        """Always the same."""
        return "memory"

    def load(self, request: Load) -> list[Rejection]:
        """Take the changes row by row; a second time changes nothing (R20: by key)."""
        self.loads.append(request.plan)
        rejections: list[Rejection] = []
        for batch in request.changes.deletes():
            for key in batch.to_pylist():
                self._take(key, None, rejections)
        for batch in request.changes.upserts():
            for row in batch.to_pylist():
                self._take({column: row[column] for column in request.model.key}, row, rejections)
        return rejections

    def _take(self, key: dict[str, Any], row: dict[str, Any] | None, rejections: list[Rejection]) -> None:
        for touch in self.touched:
            touch()
        name = tuple(key.values())
        if name in self.refused:
            rejections.append(Rejection(key, f"'{name}' is not welcome"))
        elif row is None:
            self.rows.pop(name, None)
        else:
            self.rows[name] = row
