"""Where an incremental read of PostgreSQL starts, so that no transaction is missed however late it ends (R8, R9).

A row with an old time may become visible after a newer one was read: its transaction took longer. So the cursor bears,
beside the highest value, the snapshot that was read (`pg_current_snapshot()`). Whatever that snapshot did not show was
written by a transaction not older than the oldest one then running, and each row says which transaction wrote it
(`xmin`; a subtransaction is younger than its own one). The next read takes all of these.

Views, queries and foreign tables do not say it; there only the model's `overlap` helps.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.sql.postgresql_catalogue import ROWS
from syncline import Cursor

_NUMBERS = 2**32
_FAR = 2**30
"""The numbers of transactions in rows are cut to 32 bits, so an order is told over half of them; a quarter is safe."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a read saw: the highest value of the cursor column as text, and the snapshot that was read."""

    at: str
    snapshot: str | None = None

    @classmethod
    def of(cls, cursor: Cursor) -> Mark:
        """A cursor taken here, or by the slow path, which knows the value only."""
        if isinstance(cursor, dict):
            snapshot = cursor.get("snapshot")
            return cls(str(cursor["at"]), None if snapshot is None else str(snapshot))
        return cls(str(cursor))

    def cursor(self) -> Cursor:
        """The mark as a cursor."""
        return {"at": self.at, "snapshot": self.snapshot}


def unseen(seen: str, now: str) -> str | None:
    """The condition for rows that the snapshot `seen` may not have shown; None if nothing was written since.

    Example:
        >>> unseen("740:745:740,742", "750:750:")
        "age(syncline_rows.xmin) BETWEEN 0 AND age('740'::xid)"
        >>> unseen("750:750:", "750:750:"), unseen("5000000000:5000000000:", "6:6:")
        (None, 'true')
    """
    oldest, following = int(seen.partition(":")[0]), int(now.split(":")[1])
    if oldest == following:
        return None
    if not 0 <= following - oldest < _FAR:
        return "true"  # too long ago, or the database was replaced by another
    # no row that can be seen is younger than 0; bounded on both sides, PostgreSQL expects few rows and reads the table
    # as it lies, not in the order of the key
    return f"age({ROWS}.xmin) BETWEEN 0 AND age('{oldest % _NUMBERS}'::xid)"
