"""The types a column can have: their names in YAML, in Arrow, and in the engine that compares rows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa

from syncline.errors import ConfigError

_NAMES: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "text": pa.string(),
    "bytes": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
_ALIASES = {
    "boolean": "bool",
    "smallint": "int16",
    "integer": "int64",
    "int": "int64",
    "bigint": "int64",
    "float": "float64",
    "double": "float64",
    "string": "text",
    "binary": "bytes",
    "datetime": "timestamp",
}
_DECIMAL = re.compile(r"(?:decimal|numeric)\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_ENGINE = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "text": "VARCHAR",
    "bytes": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
}
_FROM_ENGINE = {word: _NAMES[name] for name, word in _ENGINE.items()} | {
    "TIMESTAMP WITH TIME ZONE": _NAMES["timestamptz"],
    "TIMESTAMP_S": _NAMES["timestamp"],
    "TIMESTAMP_MS": _NAMES["timestamp"],
    "UUID": _NAMES["text"],
    "JSON": _NAMES["text"],
    "ENUM": _NAMES["text"],
    '"NULL"': _NAMES["text"],
}
_PLAIN: dict[Callable[[pa.DataType], bool], pa.DataType] = {
    pa.types.is_large_string: pa.string(),
    pa.types.is_string_view: pa.string(),
    pa.types.is_large_binary: pa.binary(),
    pa.types.is_binary_view: pa.binary(),
    pa.types.is_fixed_size_binary: pa.binary(),
    pa.types.is_date64: pa.date32(),
    pa.types.is_time: pa.time64("us"),
    pa.types.is_null: pa.string(),
}
MOST_DIGITS = 38


def parse(text: str) -> pa.DataType:
    """The Arrow type that a name in YAML stands for.

    Raises:
        ConfigError: no type has this name.

    Example:
        >>> parse("decimal(12,2)")
        Decimal128Type(decimal128(12, 2))
    """
    word = text.strip().lower()
    if decimal := _DECIMAL.fullmatch(word):
        digits, scale = int(decimal[1]), int(decimal[2] or 0)
        if 1 <= digits <= MOST_DIGITS and scale <= digits:
            return pa.decimal128(digits, scale)
        raise ConfigError(f"`{text}` is out of range", hint=f"at most decimal({MOST_DIGITS},{MOST_DIGITS})")
    name = _ALIASES.get(word, word)
    if name not in _NAMES:
        raise ConfigError(f"unknown type `{text}`", hint=f"known are {', '.join(_NAMES)}, decimal(p,s)")
    return _NAMES[name]


def name(kind: pa.DataType) -> str:
    """How a supported type is written in YAML.

    Example:
        >>> name(pa.timestamp("us", tz="UTC"))
        'timestamptz'
    """
    if pa.types.is_decimal128(kind):
        return f"decimal({kind.precision},{kind.scale})"
    for word, known in _NAMES.items():
        if known == kind:
            return word
    raise ConfigError(f"columns of type {kind} are not supported", hint=f"known are {', '.join(_NAMES)}, decimal(p,s)")


def engine_name(kind: pa.DataType) -> str:
    """The type's name in the engine that compares rows (DuckDB).

    Example:
        >>> engine_name(pa.decimal128(12, 2))
        'DECIMAL(12,2)'
    """
    word = name(kind)
    return word.upper() if word.startswith("decimal") else _ENGINE[word]


def from_engine(word: str) -> pa.DataType:
    """The type whose values the engine means by `word`, with every value of it.

    Raises:
        ConfigError: there is none, so a cast must say what is wanted.

    Example:
        >>> from_engine("DECIMAL(12,2)"), from_engine("TIMESTAMP WITH TIME ZONE")
        (Decimal128Type(decimal128(12, 2)), TimestampType(timestamp[us, tz=UTC]))
    """
    if word.startswith("DECIMAL"):
        return parse(word)
    if found := _FROM_ENGINE.get(word.partition("(")[0]):
        return found
    raise ConfigError(f"values of type {word} are not supported", hint="cast them, as in `CAST(… AS BIGINT)`")


def plain(kind: pa.DataType) -> pa.DataType:
    """The supported type that holds every value of `kind`: one type for each thing, whatever a library calls it.

    Raises:
        ConfigError: there is none.

    Example:
        >>> plain(pa.large_string()), plain(pa.timestamp("ms", tz="Europe/Paris"))
        (DataType(string), TimestampType(timestamp[us, tz=UTC]))
    """
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if pa.types.is_decimal(kind) and kind.precision <= MOST_DIGITS:
        return pa.decimal128(kind.precision, kind.scale)
    same = next((known for alike, known in _PLAIN.items() if alike(kind)), kind)
    name(same)
    return same
