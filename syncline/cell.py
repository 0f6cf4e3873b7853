"""One value fitted to one type: it arrives as it was, or not at all (Invariant 8)."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import TypeAlias
from uuid import UUID

import pyarrow as pa

from syncline import datatype

Fitter: TypeAlias = Callable[[object], object]

DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6}0*)?)?"
OFFSET = "(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
MOMENT = f"{DATE}(?:[T ]{TIME}{OFFSET}?)?"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
"""What text for a date, a time, a timestamp and a number looks like, for Python's and for Arrow's engine."""

_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_SPECIAL = re.compile("[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_LARGEST = 10_000
_SHOWN = 60


class Misfit(ValueError):
    """The value cannot be kept in this type as it is."""


def fitter(kind: pa.DataType) -> Fitter:
    """What fits a value that is not None to `kind`; it raises Misfit where that would change it.

    Example:
        >>> fitter(pa.decimal128(12, 2))(b"1.50")
        Decimal('1.50')
        >>> fitter(pa.int64())(2.5)
        Traceback (most recent call last):
        syncline.cell.Misfit: 2.5 is not an int64
    """
    return partial(_fit, rule=_rule(kind), kind=kind)


def reason(value: object, kind: pa.DataType) -> str:
    """Why a value is rejected, in words; a long value is shortened.

    Example:
        >>> reason(b"abc", pa.decimal128(12, 2))
        "'abc' is not a decimal(12,2)"
    """
    if getattr(value, "nanosecond", 0):
        return f"'{value}' is finer than a microsecond"
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            value = value[: _SHOWN * 4].decode()
    shown = repr(value[: _SHOWN + 1] if isinstance(value, str | bytes) else value)
    if len(shown) > _SHOWN:
        shown = f"{shown[: _SHOWN - 1]}…"
    name = datatype.name(kind)
    article = "" if name in {"text", "bytes"} else "an " if name.startswith("int") else "a "
    return f"{shown} is not {article}{name}"


def json_text(value: object) -> str:
    """A nested value as compact JSON, with its numbers digit by digit as they are.

    Raises:
        Misfit: something in it has no form in JSON, such as NaN.

    Example:
        >>> json_text({"a": [Decimal("1.10"), None, True]})
        '{"a":[1.10,null,true]}'
    """
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_json_name(name)}:{json_text(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(json_text, value)) + "]"
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value, allow_nan=False)
    return json.dumps(_text(value), ensure_ascii=False)


def _json_name(name: object) -> str:
    if not isinstance(name, str):
        raise Misfit
    return json.dumps(_text(name), ensure_ascii=False)


def _fit(value: object, rule: Fitter, kind: pa.DataType) -> object:
    try:
        return rule(value)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Misfit(reason(value, kind)) from error


def _rule(kind: pa.DataType) -> Fitter:
    if pa.types.is_integer(kind):
        low = 0 if pa.types.is_unsigned_integer(kind) else -(2 ** (kind.bit_width - 1))
        return partial(_integer, low=low, high=low + 2**kind.bit_width - 1)
    if pa.types.is_floating(kind):
        return partial(_float, bits=kind.bit_width)
    if pa.types.is_decimal(kind):
        return partial(_decimal, precision=kind.precision, scale=kind.scale)
    if pa.types.is_timestamp(kind):
        return _instant if kind.tz else _moment
    return {pa.bool_(): _bool, pa.string(): _text, pa.binary(): _bytes, pa.date32(): _date}.get(kind, _time)


def _word(value: object) -> object:
    """Bytes are text in UTF-8."""
    return value.decode() if isinstance(value, bytes | bytearray) else value


def _bool(value: object) -> bool:
    word = _word(value)
    if isinstance(word, int) and word in {0, 1}:
        return bool(word)
    if isinstance(word, str) and word.lower() in _TRUTH:
        return _TRUTH[word.lower()]
    raise Misfit


def _number(value: object) -> int | float | Decimal:
    word = _word(value)
    if isinstance(word, str) and re.fullmatch(NUMBER, word):
        return Decimal(word)
    if isinstance(word, int | float | Decimal):
        return int(word) if isinstance(word, bool) else word
    raise Misfit


def _integer(value: object, low: int, high: int) -> int:
    number = _number(value)
    if isinstance(number, Decimal) and number.adjusted() > len(str(high)):
        raise Misfit
    whole = int(number)
    if whole != number or not low <= whole <= high:
        raise Misfit
    return whole


def _decimal(value: object, precision: int, scale: int) -> Decimal:
    number = _number(value)
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not exact.is_finite() or abs(exact.adjusted()) > _LARGEST:
        raise Misfit
    sign, digits, exponent = exact.as_tuple()
    shift = int(exponent) + scale
    unscaled, rest = divmod(int(Decimal((0, digits, 0))) * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    if rest or unscaled >= 10**precision:
        raise Misfit
    return Decimal((sign, Decimal(unscaled).as_tuple().digits, -scale))


def _float(value: object, bits: int) -> float:
    word = _word(value)
    if isinstance(word, str) and _SPECIAL.fullmatch(word):
        return float(word)
    number = _number(word)
    near = float(number)
    near = struct.unpack("f", struct.pack("f", near))[0] if bits == 32 else near  # noqa: PLR2004 - the narrow one
    same = near == number or near != near  # noqa: PLR0124 - NaN is the one number that is not itself
    if not same and not (isinstance(number, Decimal) and _is_written(number, near)):
        raise Misfit
    return near


def _is_written(number: Decimal, near: float) -> bool:
    """Tell whether these digits are one of the ways to write that float, so that nothing is lost."""
    digits = len("".join(map(str, number.as_tuple().digits)).rstrip("0")) or 1
    ways = (repr(near), f"{near:.{digits - 1}e}")  # these two differ where the last digit is a tie
    return any(Decimal(way) == number for way in ways)


def _text(value: object) -> str:
    """Text of a value; numbers, dates and nested values in the one form they have in every source."""
    word = _word(value)
    if isinstance(word, str):
        word.encode()
        return word
    if isinstance(word, bool):
        return "true" if word else "false"
    if isinstance(word, date | time):
        return word.isoformat()
    if isinstance(word, int | float | Decimal | UUID):
        return str(word)
    if isinstance(word, Mapping | list | tuple):
        return json_text(word)
    raise Misfit


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, str):
        return value.encode()
    raise Misfit


def _read_moment(value: object) -> datetime:
    word = _word(value)
    if isinstance(word, datetime) and not getattr(word, "nanosecond", 0) and word == word:  # noqa: PLR0124 - pandas' NaT
        return word
    if isinstance(word, str) and re.fullmatch(MOMENT, word):
        return datetime.fromisoformat(word)
    if isinstance(word, date) and not isinstance(word, datetime):
        return datetime(word.year, word.month, word.day)  # noqa: DTZ001 - a day has no time zone
    raise Misfit


def _moment(value: object) -> datetime:
    """A timestamp without a time zone; one that has another offset than zero would change."""
    moment = _read_moment(value)
    if moment.utcoffset():
        raise Misfit
    return moment.replace(tzinfo=None)


def _instant(value: object) -> datetime:
    """A timestamp with a time zone: UTC where none is said."""
    moment = _read_moment(value)
    return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)


def _date(value: object) -> date:
    """A day; a timestamp only at its midnight."""
    moment = _read_moment(value)
    if moment.tzinfo is not None or moment.time() != time.min:
        raise Misfit
    return moment.date()


def _time(value: object) -> time:
    word = _word(value)
    if isinstance(word, str) and re.fullmatch(TIME, word):
        return time.fromisoformat(word)
    if isinstance(word, time) and word.tzinfo is None:
        return word
    raise Misfit
