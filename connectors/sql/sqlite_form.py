"""How values lie in SQLite (R34): numbers as numbers, decimals and times as text, and what has no form there.

| type | form |
|---|---|
| decimal | text with all digits of the scale |
| timestamp | `YYYY-MM-DD HH:MM:SS[.ffffff]`, with a zone in UTC with `+00:00` |
| date, time | `YYYY-MM-DD`, `HH:MM:SS[.ffffff]` |
| bool | 0 or 1 |

-0.0 is stored as 0.0, which is the same number. NaN, integers above 2**63 - 1 and years beyond 1-9999 have no form.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

_LARGEST = 2**63 - 1
_FIRST, _LAST = date(1, 1, 1), date(9999, 12, 31)
_FIRST_MOMENT, _LAST_MOMENT = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001


def stored(column: pa.Array) -> list[object]:
    """The values of a column as SQLite keeps them; those without a form come out as None."""
    kind = column.type
    if pa.types.is_decimal(kind):
        return _decimals(column)
    if pa.types.is_timestamp(kind):
        text = _text(column.cast(pa.timestamp("us"))) if kind.tz is None else _text(_without_zone(column), "+00:00")
        return text.to_pylist()
    if pa.types.is_date(kind) or pa.types.is_time(kind):
        return _text(column).to_pylist()
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8()).to_pylist()
    return column.to_pylist()


def formless(rows: pa.RecordBatch) -> dict[int, str]:
    """Row -> why it cannot be kept in SQLite as it is; empty if all can."""
    return found(rows, _formless)


def beyond_years(rows: pa.RecordBatch) -> dict[int, str]:
    """Row -> why Python has no value for it; empty if it has for all."""
    return found(rows, _beyond_years)


def within_years(column: pa.Array) -> pa.Array:
    """The column with NULL for what is beyond the years of Python."""
    bad, _ = _beyond_years(column)
    return column if bad is None else pc.if_else(bad, pa.scalar(None, column.type), column)


def found(rows: pa.RecordBatch, test: Callable[[pa.Array], tuple[pa.Array | None, str]]) -> dict[int, str]:
    """Row -> which value of it fails the test, and why."""
    failed: dict[int, str] = {}
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        bad, why = test(column)
        if bad is not None and pc.any(bad).as_py():
            shown = (_without_zone(column) if pa.types.is_timestamp(column.type) else column).cast(pa.string())
            for row in pc.indices_nonzero(bad).to_pylist():
                failed.setdefault(row, f"`{name}`: {shown[row]} {why}")
    return failed


def _formless(column: pa.Array) -> tuple[pa.Array | None, str]:
    kind = column.type
    if pa.types.is_floating(kind):
        return pc.is_nan(column), "is no number to SQLite, which would make it NULL"
    if pa.types.is_uint64(kind):
        return pc.greater(column, pa.scalar(_LARGEST, kind)), f"is above {_LARGEST}, the largest integer in SQLite"
    return _beyond_years(column)


def _beyond_years(column: pa.Array) -> tuple[pa.Array | None, str]:
    kind = column.type
    if pa.types.is_date(kind):
        return _outside(column, pa.scalar(_FIRST, kind), pa.scalar(_LAST, kind)), "is outside of the years 1 to 9999"
    if pa.types.is_timestamp(kind):
        first, last = (pa.scalar(moment, pa.timestamp("us")) for moment in (_FIRST_MOMENT, _LAST_MOMENT))
        return _outside(_without_zone(column), first, last), "is outside of the years 1 to 9999"
    return None, ""


def _outside(column: pa.Array, first: pa.Scalar, last: pa.Scalar) -> pa.Array:
    return pc.or_(pc.less(column, first), pc.greater(column, last))


def _without_zone(column: pa.Array) -> pa.Array:
    return column.cast(pa.int64()).cast(pa.timestamp("us"))


def _text(column: pa.Array, zone: str = "") -> pa.Array:
    short = pc.replace_substring_regex(column.cast(pa.string()), r"\.000000$", "")
    return pc.binary_join_element_wise(short, zone, "") if zone else short


def _decimals(column: pa.Array) -> list[object]:
    text = column.cast(pa.string()).to_pylist()
    return [format(Decimal(value), "f") if value and "E" in value else value for value in text]
