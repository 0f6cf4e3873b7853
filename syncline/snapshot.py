"""A model's rows at rest: a base and the deltas laid over it."""

from __future__ import annotations

from dataclasses import dataclass

from syncline.changes import RowFile


@dataclass(frozen=True, slots=True)
class Layers:
    """Rows at rest: a base, then deltas in the order they came; the later one wins, key by key.

    An incremental run adds a delta: it writes what changed, not what there is.
    """

    base: tuple[RowFile, ...] = ()
    deltas: tuple[RowFile, ...] = ()
    rows: int = 0

    @property
    def files(self) -> tuple[RowFile, ...]:
        """All of them, oldest first."""
        return (*self.base, *self.deltas)
