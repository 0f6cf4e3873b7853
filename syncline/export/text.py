"""A column as text, a whole column at a time; NULL stays NULL."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from syncline.export.option import Options

TEXT = pa.large_string()
_SCALE_WITHOUT_EXPONENT = 6
_LATE = ((pc.greater_equal, datetime(2037, 1, 1, tzinfo=UTC)), (pc.less, datetime(9999, 12, 31, tzinfo=UTC)))
_WIDE = Context(prec=400)  # enough for the largest float and its digits


def texts(column: pa.Array, options: Options) -> pa.Array:
    """The values as people read them: numbers with all their digits, moments as ISO 8601, bytes in base64.

    Example:
        >>> texts(pa.array([1.5, None]), Options(decimal=",", digits=2)).to_pylist()
        ['1,50', None]
    """
    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.if_else(column, *map(large, options.booleans))
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _number(column, options)
    if pa.types.is_temporal(kind):
        return _moment(column, options)
    if pa.types.is_binary(kind):
        return each(column, lambda value: b64encode(value).decode())
    return column.cast(TEXT)


def large(text: str) -> pa.Scalar:
    """A text for Arrow, of the type in which no column is too long."""
    return pa.scalar(text, TEXT)


def joined(before: str, column: pa.Array, after: str = "") -> pa.Array:
    """Each text between two others."""
    return pc.binary_join_element_wise(large(before), column, large(after), large(""))


def content(lines: pa.Array, between: str = "") -> memoryview:
    """All texts of a column in one, as UTF-8."""
    whole = pc.binary_join(pa.LargeListArray.from_arrays([0, len(lines)], lines), large(between))
    return memoryview(whole[0].as_buffer())


def each(column: pa.Array, change: Callable[..., str]) -> pa.Array:
    """The slow way: one value after the other."""
    return pa.array([None if value is None else change(value) for value in column.to_pylist()], TEXT)


def local(column: pa.Array, timezone: str) -> pa.Array:
    """What the clocks show at these instants, in the time zone or in their own."""
    found = pc.local_timestamp(_zoned(column, timezone))
    zone = ZoneInfo(timezone or column.type.tz)
    return _mended(found, column, lambda late: late.astimezone(zone).replace(tzinfo=None))


def _number(column: pa.Array, options: Options) -> pa.Array:
    found = _digits(column)
    if options.digits is not None:
        found = each(found, partial(_rounded, unit=Decimal(1).scaleb(-options.digits)))
    return found if options.decimal == "." else pc.replace_substring(found, ".", options.decimal)


def _digits(column: pa.Array) -> pa.Array:
    if pa.types.is_decimal(column.type) and column.type.scale > _SCALE_WITHOUT_EXPONENT:
        return each(column, lambda value: format(value, "f"))
    return column.cast(TEXT)


def _rounded(text: str, unit: Decimal) -> str:
    """Half away from zero, as people do; never minus zero."""
    number = Decimal(text)
    return format(number.quantize(unit, ROUND_HALF_UP, _WIDE), "zf") if number.is_finite() else text


def _moment(column: pa.Array, options: Options) -> pa.Array:
    kind = column.type
    if not pa.types.is_timestamp(kind):
        pattern = options.date if pa.types.is_date(kind) else options.time
        return _patterned(column, pattern) if pattern else _iso(column)
    pattern, here = options.timestamp, _zoned(column, options.timezone)
    found = _patterned(here, pattern) if pattern else _iso(here)
    if not options.timezone or not kind.tz:
        return found
    zone = ZoneInfo(options.timezone)
    return _mended(found, column, lambda late: _shown(late.astimezone(zone), pattern))


def _shown(moment: datetime, pattern: str) -> str:
    return moment.strftime(pattern) if pattern else moment.isoformat()


def _zoned(column: pa.Array, timezone: str) -> pa.Array:
    return column.cast(pa.timestamp(column.type.unit, timezone)) if timezone and column.type.tz else column


def _mended(found: pa.Array, column: pa.Array, change: Callable[[datetime], object]) -> pa.Array:
    """What was found, but by Python where it is too late for Arrow: it knows no summer time after 2037."""
    is_late = pc.and_(*(compare(column, pa.scalar(end, column.type)) for compare, end in _LATE))
    is_late = pc.fill_null(is_late, fill_value=False)
    if not pc.any(is_late).as_py():
        return found
    values = [change(late) for late in column.filter(is_late).to_pylist()]
    return pc.replace_with_mask(found, is_late, pa.array(values, found.type))


def _iso(column: pa.Array) -> pa.Array:
    found = pc.replace_substring_regex(column.cast(TEXT), r"\.000000", "")
    found = pc.replace_substring(found, " ", "T")
    has_zone = pa.types.is_timestamp(column.type) and column.type.tz
    return pc.replace_substring_regex(found, r"([+-]\d\d)(\d\d)$", r"\1:\2") if has_zone else found


def _patterned(column: pa.Array, pattern: str) -> pa.Array:
    """As Python's strftime writes it; Arrow's `%S` has all the digits that the type has."""
    kind = column.type
    if not (pa.types.is_timestamp(kind) and kind.tz):
        pattern = re.sub("%[zZ]", "", pattern)
    if "%S.%f" not in pattern:
        column = _whole_seconds(column)
    return pc.strftime(column, format=pattern.replace("%S.%f", "%S")).cast(TEXT)


def _whole_seconds(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_timestamp(kind):
        utc = column.cast(pa.timestamp(kind.unit, kind.tz and "UTC"))
        return pc.floor_temporal(utc, unit="second").cast(pa.timestamp("s", kind.tz))
    return column.cast(pa.time32("s"), safe=False) if pa.types.is_time(kind) else column
