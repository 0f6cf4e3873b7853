"""What the types of PostgreSQL stand for, and in which form their values are read.

| in PostgreSQL                                   | here                                                          |
|-------------------------------------------------|---------------------------------------------------------------|
| smallint, integer, bigint                       | int16, int32, int64                                           |
| real, double precision                          | float32, float64, with NaN and the infinities                 |
| numeric(p,s) of at most 38 digits               | decimal(p,s)                                                  |
| numeric of more digits                          | text                                                          |
| numeric without digits                          | decimal(38,9); declare the column as text to keep any number  |
| boolean, bytea                                  | bool, bytes                                                   |
| text, varchar, name                             | text                                                          |
| char(n)                                         | text, filled up with blanks as PostgreSQL shows it            |
| date, time, timestamp, timestamptz              | date, time, timestamp, timestamptz in UTC                     |
| uuid, json, jsonb, timetz, interval, money,     | text as PostgreSQL itself writes it                           |
| inet, bit, xml, enums, arrays, ranges, any else |                                                               |

A domain is what it is made of. A NaN in a numeric, an infinite date and the time 24:00 have no counterpart: such a row
is rejected by name, unless the model declares the column as text.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

_MAX_DIGITS = 38
_ANY_NUMBER = pa.decimal128(_MAX_DIGITS, 9)
_NATIVE: dict[str, pa.DataType] = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "bool": pa.bool_(),
    "bytea": pa.binary(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
"""Types whose values the Arrow driver reads exactly, but for those that `postgresql_beyond` finds."""
_NO_DETOUR = ("bytea", "json", "jsonb", "uuid")
"""Types whose values become text here, so that PostgreSQL need not make text of them first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A column of a table or query, as PostgreSQL has it.

    Args:
        name: its name.
        word: its type's name in PostgreSQL's catalogue, e.g. `int8`; of a domain, what it is made of.
        kind: the Arrow type for its values.
        native: the driver reads it exactly; else its values come as text.
    """

    name: str
    word: str
    kind: pa.DataType
    native: bool

    @classmethod
    def of(cls, field: pa.Field) -> Found:
        """What the driver says of a column."""
        notes = field.metadata or {}
        word = notes.get(b"POSTGRESQL:type", b"").decode()
        if word == "numeric":
            return cls(field.name, word, decimal(int(notes.get(b"POSTGRESQL:typmod", b"-1"))), native=False)
        native = word in _NATIVE and field.type == _NATIVE[word]
        return cls(field.name, word, field.type if native else pa.string(), native)

    def is_read_as_text(self, wanted: pa.DataType) -> bool:
        """Whether values for a column of this type are read as the text PostgreSQL makes of them."""
        return self.word not in _NO_DETOUR if pa.types.is_string(wanted) else not self.native


def decimal(modifier: int) -> pa.DataType:
    """The type for a numeric with this type modifier; -1 is one without digits.

    Example:
        >>> decimal((12 << 16 | 2) + 4), decimal((3 << 16 | 5) + 4)
        (Decimal128Type(decimal128(12, 2)), Decimal128Type(decimal128(5, 5)))
        >>> decimal(-1), decimal((40 << 16) + 4)
        (Decimal128Type(decimal128(38, 9)), DataType(string))
    """
    if modifier < 0:
        return _ANY_NUMBER
    digits, low = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
    scale = (low ^ 0x400) - 0x400  # eleven bits with a sign: numeric(5,-2) counts hundreds
    digits, scale = (digits - scale, 0) if scale < 0 else (max(digits, scale), scale)
    return pa.decimal128(digits, scale) if digits <= _MAX_DIGITS else pa.string()
