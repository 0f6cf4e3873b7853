"""What the types declared in SQLite stand for, and what SQLite makes of values by them.

SQLite keeps any value in any column, but converts some by the column's *affinity*, which it reads off the declared
type. A decimal would become a float in a column declared DECIMAL, so we declare DECIMAL_TEXT(p,s), which it keeps as
the text it is; `SqlSource` reads its digits and scale from there.
"""

from __future__ import annotations

import re

import pyarrow as pa

_MAX_DIGITS = 38
_DIGITS = re.compile(r"(?:DECIMAL|NUMERIC|NUMBER)\w*\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_KINDS: tuple[tuple[re.Pattern[str], pa.DataType], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"TIMESTAMPTZ|(TIMESTAMP|DATETIME)\b.*WITH TIME ZONE", pa.timestamp("us", tz="UTC")),
        (r"TIMESTAMP|DATETIME", pa.timestamp("us")),
        (r"DATE\b", pa.date32()),
        (r"TIME\b", pa.time64("us")),
        (r"BOOL", pa.bool_()),
        (r"(UNSIGNED )?(TINY|SMALL|MEDIUM|BIG |BIG)?INT", pa.int64()),
        (r"REAL|FLOAT|DOUBLE|DECIMAL|NUMERIC|NUMBER", pa.float64()),
        (r"\w*BLOB|(VAR)?BINARY|BYTEA", pa.binary()),
    )
)


def kind(declared: str) -> pa.DataType:
    """The Arrow type of a column declared so; what says nothing is text.

    A DECIMAL without digits is a float, for that is what SQLite keeps.

    Example:
        >>> kind("decimal(12, 2)"), kind("varchar(20)"), kind("integer unsigned"), kind("decimal")
        (Decimal128Type(decimal128(12, 2)), DataType(string), DataType(int64), DataType(double))
    """
    word = declared.strip().upper()
    if decimal := _DIGITS.match(word):
        digits, scale = int(decimal[1]), int(decimal[2] or 0)
        return pa.decimal128(digits, scale) if 1 <= digits <= _MAX_DIGITS and scale <= digits else pa.string()
    return next((found for pattern, found in _KINDS if pattern.match(word)), pa.string())


def declared(wanted: pa.DataType) -> str:
    """How a column is declared that keeps values of this type as they are.

    Example:
        >>> declared(pa.decimal128(12, 2))
        'DECIMAL_TEXT(12,2)'
    """
    if pa.types.is_decimal(wanted):
        return f"DECIMAL_TEXT({wanted.precision},{wanted.scale})"
    if pa.types.is_timestamp(wanted):
        return "TIMESTAMPTZ" if wanted.tz else "TIMESTAMP"
    tests = (
        (pa.types.is_boolean, "BOOLEAN"),
        (pa.types.is_integer, "INTEGER"),
        (pa.types.is_floating, "REAL"),
        (pa.types.is_binary, "BLOB"),
        (pa.types.is_date, "DATE"),
        (pa.types.is_time, "TIME"),
    )
    return next((word for test, word in tests if test(wanted)), "TEXT")


def affinity(declared: str) -> str:
    """What SQLite likes to make of values in a column declared so (https://sqlite.org/datatype3.html).

    Example:
        >>> affinity("DECIMAL(12,2)"), affinity("DECIMAL_TEXT(12,2)")
        ('NUMERIC', 'TEXT')
    """
    word = declared.upper()
    for found, parts in (("INTEGER", ("INT",)), ("TEXT", ("CHAR", "CLOB", "TEXT")), ("BLOB", ("BLOB",))):
        if any(part in word for part in parts):
            return found
    if any(part in word for part in ("REAL", "FLOA", "DOUB")):
        return "REAL"
    return "NUMERIC" if word else "BLOB"


def would_change(wanted: pa.DataType, declared: str) -> bool:
    """Whether SQLite would make something else of values of this type in a column declared so."""
    liked = affinity(declared)
    if pa.types.is_string(wanted) or pa.types.is_decimal(wanted):
        return liked not in ("TEXT", "BLOB")
    if pa.types.is_floating(wanted):
        return liked == "TEXT"
    return bool(pa.types.is_integer(wanted)) and liked == "REAL"
