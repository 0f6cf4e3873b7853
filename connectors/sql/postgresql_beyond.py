"""Dates and times of PostgreSQL that Arrow has no value for: found, and told as text.

The Arrow driver turns `infinity` into a moment that cannot be, since it lies before all that PostgreSQL keeps; so
looking at the least and the greatest of a column is enough to find it.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_DAY = 86_400_000_000
_DATES = (-2_440_588, 2_145_042_905)
_MOMENTS = (-210_866_803_200_000_000, 2**63 - 2)
_TIMES = (0, _DAY - 1)
_TO_1970 = 10_957  # days from there to 2000, where PostgreSQL counts from
_DATE_NAMES = {_TO_1970 - 2**31 - 1: "infinity", _TO_1970 - 2**31: "-infinity"}
_MOMENT_NAMES = {_TO_1970 * _DAY - 2**63 - 1: "infinity", _TO_1970 * _DAY - 2**63: "-infinity"}
_TIME_NAMES = {_DAY: "24:00:00"}
_LATER = "a moment after the year 294246"


def parted(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
    """The rows that can be expressed, and the others, in which dates and times are text; None if there are none."""
    beyond = None
    for column in batch.columns:
        found = _beyond(column)
        if found is not None:
            beyond = found if beyond is None else pc.or_(beyond, found)
    if beyond is None:
        return batch, None
    others = batch.filter(beyond)
    told = [_told(column) if pa.types.is_temporal(column.type) else column for column in others.columns]
    return batch.filter(pc.invert(beyond)), pa.RecordBatch.from_arrays(told, names=batch.schema.names)


def _beyond(column: pa.Array) -> pa.Array | None:
    if not pa.types.is_temporal(column.type):
        return None
    low, high = _limits(column.type)
    numbers = _numbers(column)
    ends = pc.min_max(numbers)
    least, greatest = ends["min"].as_py(), ends["max"].as_py()
    if least is None or (least >= low and greatest <= high):
        return None
    return pc.fill_null(pc.or_(pc.less(numbers, low), pc.greater(numbers, high)), fill_value=False)


def _told(column: pa.Array) -> pa.Array:
    """Dates and times as text; those that can be expressed are read from it again."""
    low, high = _limits(column.type)
    names = _names(column.type)
    numbers = _numbers(column).to_pylist()
    within = [number is not None and low <= number <= high for number in numbers]
    texts = pc.if_else(pa.array(within), column, pa.scalar(None, column.type)).cast(pa.string()).to_pylist()
    told = [
        text if text is not None or number is None else names.get(number, _LATER)
        for text, number in zip(texts, numbers, strict=True)
    ]
    return pa.array(told, pa.string())


def _numbers(column: pa.Array) -> pa.Array:
    return column.view(pa.int32() if pa.types.is_date(column.type) else pa.int64())


def _limits(kind: pa.DataType) -> tuple[int, int]:
    if pa.types.is_date(kind):
        return _DATES
    return _MOMENTS if pa.types.is_timestamp(kind) else _TIMES


def _names(kind: pa.DataType) -> dict[int, str]:
    if pa.types.is_date(kind):
        return _DATE_NAMES
    return _MOMENT_NAMES if pa.types.is_timestamp(kind) else _TIME_NAMES
