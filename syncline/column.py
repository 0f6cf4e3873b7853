"""A column fitted to a type: as a whole where Arrow does it exactly, else value by value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from syncline.cell import DATE, MOMENT, OFFSET, TIME, Misfit, fitter
from syncline.datatype import MOST_DIGITS
from syncline.plain import texts

Values: TypeAlias = "pa.Array | pa.ChunkedArray | Sequence[object]"
Problems: TypeAlias = dict[int, str]
"""Which rows have a value that does not fit, and why."""

_WHOLE_NUMBER = "-?[0-9]+"
_SHORT_NUMBER = r"[+-]?(?:[0-9]{1,7}(?:\.[0-9]{0,7})?|[0-9]{1,14})"
"""At most 15 digits and no exponent: each such number is another float."""
_DIGITS = 38
"""What a decimal can have at most."""
_YEARS = texts("0001-01-01", "9999-12-31 23:59:59.999999").cast(pa.timestamp("us"))


def fit(values: Values, kind: pa.DataType) -> tuple[pa.Array | pa.ChunkedArray, Problems]:
    """The values as `kind`, and the rows whose value does not fit; these have NULL in the column.

    Example:
        >>> column, problems = fit(["1", "x", None], pa.int64())
        >>> column.to_pylist(), problems
        ([1, None, None], {1: "'x' is not an int64"})
    """
    try:
        return _whole(values, kind), {}
    except (pa.ArrowException, ValueError, TypeError, ArithmeticError):
        return _one_by_one(_cells(values), kind)


def _one_by_one(values: Iterator[object], kind: pa.DataType) -> tuple[pa.Array, Problems]:
    fitted: list[object] = []
    problems: Problems = {}
    fit_one = fitter(kind)
    for index, value in enumerate(values):
        try:
            fitted.append(None if value is None else fit_one(value))
        except Misfit as misfit:
            fitted.append(None)
            problems[index] = str(misfit)
    return pa.array(fitted, kind), problems


def _cells(values: Values) -> Iterator[object]:
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        yield from values
        return
    if values.type == pa.time64("ns"):  # Python's own time would drop the nanoseconds
        values = values.cast(pa.string())
    for scalar in values:
        try:
            yield scalar.as_py()
        except (ValueError, ArithmeticError):
            yield _Unreadable(scalar)


class _Unreadable:
    """A cell that Python has no value for."""

    def __init__(self, scalar: pa.Scalar) -> None:
        self.scalar = scalar

    def __repr__(self) -> str:
        return f"{getattr(self.scalar, 'value', '?')} as {self.scalar.type}"


def _whole(values: Values, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    column = values if isinstance(values, pa.Array | pa.ChunkedArray) else _natural(values, kind)
    column = _plain(column)
    return column if column.type == kind else _change(column, kind)


def _change(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    found = column.type
    if pa.types.is_null(found):
        return pa.nulls(len(column), kind)
    if pa.types.is_binary(found):
        text = column.cast(pa.string())
        return text if pa.types.is_string(kind) else _parse(text, kind)
    if pa.types.is_string(found):
        return _parse(column, kind)
    if pa.types.is_timestamp(found):
        return _from_moments(column, kind)
    return _from_days(column, kind) if pa.types.is_temporal(found) else _from_numbers(column, kind)


def _natural(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Python values of one type as Arrow has them; Arrow itself changes some when it is told another type."""
    types = set(map(type, values)) - {NoneType}
    if types <= {int} and pa.types.is_integer(kind):
        return pa.array(values, kind)
    if types <= {int, Decimal} and pa.types.is_decimal(kind):
        if not all(_is_near(value) for value in values if isinstance(value, Decimal)):
            raise _by_value("exponents that Arrow looks up beyond its table")
        return pa.array(values, kind)
    if types == {datetime}:
        natural = pa.timestamp("us", _zone(values, kind))
        return _within_years(pa.array(values, natural), natural)
    if types == {time} and any(value.tzinfo for value in values if isinstance(value, time)):
        raise _by_value("a time of day with a time zone")
    if len(types) > 1:
        raise _by_value("values of several types")
    for known, natural in _NATURAL.items():
        if types == {known}:
            return pa.array(values, natural)
    if types:
        raise _by_value(str(types))
    return pa.nulls(len(values), kind)


def _is_near(value: Decimal) -> bool:
    """Its exponent is one of a decimal128: of others Arrow reads memory that is not its own, and may crash."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and abs(exponent) <= MOST_DIGITS


_NATURAL = {
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    str: pa.string(),
    bytes: pa.binary(),
    date: pa.date32(),
    time: pa.time64("us"),
}


def _zone(values: Sequence[object], kind: pa.DataType) -> str | None:
    zones = {value.tzinfo for value in values if isinstance(value, datetime)}
    if zones == {None}:
        return None
    if None in zones or not (pa.types.is_timestamp(kind) and kind.tz):
        raise _by_value("time zones")
    return "UTC"


def _by_value(what: str) -> pa.ArrowInvalid:
    return pa.ArrowInvalid(f"{what} are looked at one by one")


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The same values without what is only a way to keep them."""
    found = column.type
    if pa.types.is_dictionary(found):
        return _plain(column.cast(found.value_type))
    if pa.types.is_large_string(found) or pa.types.is_string_view(found):
        return column.cast(pa.string())
    if pa.types.is_large_binary(found) or pa.types.is_binary_view(found) or pa.types.is_fixed_size_binary(found):
        return column.cast(pa.binary())
    return column


def _parse(text: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_binary(kind):
        return text.cast(kind)
    if pa.types.is_timestamp(kind):
        return _parse_moments(text, kind)
    if pa.types.is_date(kind):
        return _midnights(_parse_moments(text, pa.timestamp("us")))
    if pa.types.is_time(kind):
        _check(text, TIME)
        moments = pc.binary_join_element_wise("1970-01-01", text, " ").cast(pa.timestamp("us"))
        return moments.cast(pa.int64()).cast(kind)
    if pa.types.is_boolean(kind):
        _check(text, "(?i:true|false|0|1)")
    elif pa.types.is_decimal(kind):
        _check(text, _short_decimal(kind))
    else:
        _check(text, _WHOLE_NUMBER if pa.types.is_integer(kind) else _SHORT_NUMBER)
        if kind == pa.float32():
            raise _by_value("narrow floats")
    return text.cast(kind)


def _short_decimal(kind: pa.DataType) -> str:
    """Decimals that fit: of longer ones Arrow makes others, `103` becomes 0.915… as a decimal(38,38)."""
    whole = kind.precision - kind.scale
    before = f"[0-9]{{1,{whole}}}" if whole else "0"
    after = rf"(?:\.[0-9]{{1,{kind.scale}}})?" if kind.scale > 0 else ""
    return f"[+-]?{before}{after}"


def _check(text: pa.Array | pa.ChunkedArray, pattern: str) -> None:
    if not _all(pc.match_substring_regex(text, f"^(?:{pattern})$")):
        raise _by_value("other forms")


def _all(truths: pa.Array | pa.ChunkedArray) -> bool:
    return pc.all(truths).as_py() is not False


def _parse_moments(text: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if kind.tz and _all(pc.match_substring_regex(text, f":.*{OFFSET}$")):
        _check(text, MOMENT)
        return _within_years(text.cast(kind), kind)
    _check(text, f"{DATE}(?:[T ]{TIME})?")
    moments = _within_years(text.cast(pa.timestamp("us")), pa.timestamp("us"))
    return pc.assume_timezone(moments, "UTC") if kind.tz else moments


def _within_years(moments: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """Refuse the year 0 and what a time zone moves there, as Python does."""
    first, last = _YEARS.cast(kind)
    if not _all(pc.and_(pc.greater_equal(moments, first), pc.less_equal(moments, last))):
        raise _by_value("years far away")
    return moments


def _midnights(moments: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    days = moments.cast(pa.date32())
    if not _all(pc.equal(days.cast(moments.type), moments)):
        raise _by_value("times beside dates")
    return days


def _from_moments(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    found = column.type
    if pa.types.is_date(kind) and found.tz is None:
        return _midnights(column)
    if not pa.types.is_timestamp(kind) or (found.tz not in {None, "UTC"} and not kind.tz):
        raise _by_value("other time zones")
    moments = column.cast(pa.timestamp("us", found.tz))
    return pc.assume_timezone(moments, "UTC") if kind.tz and not found.tz else moments.cast(kind)


def _from_days(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    found = column.type
    if pa.types.is_time(found) and pa.types.is_time(kind):
        return column.cast(kind)
    if not pa.types.is_date(found) or not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise _by_value("spans of time")
    days = column.cast(kind if pa.types.is_date(kind) else pa.timestamp("us"))
    return pc.assume_timezone(days, "UTC") if pa.types.is_timestamp(kind) and kind.tz else days


def _from_numbers(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    found = column.type
    if pa.types.is_integer(found) and pa.types.is_boolean(kind):
        if not _all(pc.is_in(column, pa.array([0, 1, None], found))):
            raise _by_value("numbers that are no bool")
    elif pa.types.is_floating(found) and pa.types.is_floating(kind):
        return _narrowed(column, kind)
    elif pa.types.is_integer(found) and pa.types.is_decimal(kind):
        column = column.cast(pa.decimal128(_DIGITS, kind.scale))
    elif not _is_exact(found, kind):
        raise _by_value("values of another nature")
    return column.cast(kind)


def _is_exact(found: pa.DataType, kind: pa.DataType) -> bool:
    """Tell whether Arrow's own cast either keeps the values or fails."""
    if pa.types.is_integer(kind):
        return pa.types.is_primitive(found) or pa.types.is_decimal(found)
    if pa.types.is_string(kind):
        return pa.types.is_integer(found) or pa.types.is_boolean(found)
    if pa.types.is_floating(kind):
        return pa.types.is_integer(found)
    both = pa.types.is_decimal(found) and pa.types.is_decimal(kind)
    return both and found.precision - found.scale + kind.scale <= _DIGITS  # else Arrow overflows unseen


def _narrowed(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    narrow = column.cast(kind)
    same = pc.or_(pc.equal(narrow.cast(column.type), column), pc.is_nan(column))
    if not _all(same):
        raise _by_value("floats that lose digits")
    return narrow
