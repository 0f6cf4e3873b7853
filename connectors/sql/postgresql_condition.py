"""Which rows a read of PostgreSQL takes, as conditions of SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from connectors.sql.moment import earlier, epoch
from connectors.sql.postgresql_catalogue import ROWS, Relation, literal
from connectors.sql.postgresql_late import Mark, unseen
from connectors.sql.sqlite import quoted
from syncline import ConfigError, Read

_MOMENTS = ("date", "timestamp", "timestamptz")
_UNBOUNDED = (*_MOMENTS, "float4", "float8")
_NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric")
_VALUES_AT_A_TIME = 5_000


class Conditions:
    """The conditions for one request."""

    def __init__(self, relation: Relation, request: Read) -> None:
        self._relation = relation
        self._request = request

    @property
    def cursor(self) -> str:
        """The cursor column."""
        return _column(self._relation.column(str(self._request.cursor_field)).name)

    def is_finite(self) -> str:
        """Values that something can come after: infinities and NaN are greater than all there will ever be."""
        if self._word in _UNBOUNDED:
            return f"{self.cursor} < 'infinity' AND {self.cursor} > '-infinity'"
        return f"{self.cursor} < 'NaN'" if self._word == "numeric" else "true"

    def since(self, mark: Mark, now: str) -> str:
        """What changed since the mark: equal values again, those without, and what was not visible then (R9)."""
        conditions = [f"{self.cursor} >= {self._bound(mark.at)}", f"{self.cursor} IS NULL"]
        if self._relation.tells_transactions and mark.snapshot is not None:
            late = unseen(mark.snapshot, now)
            conditions += [late] if late else []
        return " OR ".join(conditions)

    def from_date(self, highest: str | None) -> str:
        """Rows from a date on (R10); numbers count seconds since 1970, or less if `highest` is that large."""
        moment = self._request.from_date
        if moment is None:
            raise ConfigError("a read from a date needs the date", hint="`sync_from: 2023-01-31`")
        if self._word in _NUMBERS:
            return f"{self.cursor} >= {epoch(moment, float(highest or 0))}"
        return f"{self.cursor} >= {literal(self._written(moment.astimezone(UTC), highest or ''))}"

    def again(self) -> Iterator[str]:
        """The rows with the keys that are asked for again, some thousands at a time."""
        wanted, key = self._request.again, self._request.model.key
        if wanted is None:
            return
        columns = ", ".join(_column(self._relation.column(name).name) for name in key)
        for chunk in wanted.select(list(key)).to_batches(max_chunksize=_VALUES_AT_A_TIME // len(key)):
            rows = zip(*map(_texts, chunk.columns), strict=True)
            values = [f"({', '.join(map(literal, row))})" for row in rows if not any("\0" in text for text in row)]
            if values:
                yield f"({columns}) IN ({', '.join(values)})"

    @property
    def _word(self) -> str:
        return self._relation.column(str(self._request.cursor_field)).word

    def _bound(self, at: str) -> str:
        overlap = self._request.overlap
        if not overlap:
            return literal(at)
        if self._word in _MOMENTS:
            return f"{literal(at)}::{self._word} - interval '{overlap // timedelta(microseconds=1)} microseconds'"
        return literal(str(earlier(at, overlap)))

    def _written(self, moment: datetime, like: str) -> str:
        """The moment as the column has it; texts are compared as texts, so their style is taken over."""
        if self._word == "date":
            return moment.date().isoformat()
        if self._word == "timestamptz":
            return moment.isoformat()
        if self._word == "timestamp":
            return moment.replace(tzinfo=None).isoformat()
        is_midnight = moment.time() == datetime.min.time()
        between = " " if like[10:11] == " " else "T"
        return moment.date().isoformat() if is_midnight else moment.replace(tzinfo=None).isoformat(between)


def _column(name: str) -> str:
    return f"{ROWS}.{quoted(name)}"


def _texts(values: pa.Array) -> list[str]:
    """Values as texts that PostgreSQL reads as these."""
    if pa.types.is_binary(values.type):
        return [f"\\x{value.hex()}" for value in values.to_pylist()]
    return values.cast(pa.string()).to_pylist()
