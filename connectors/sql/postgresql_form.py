"""How values travel to PostgreSQL (R34): columns of its own types, binary, and what has no form there.

| type | column |
|---|---|
| int8, int16, uint8 | smallint |
| int32, uint16 | integer |
| int64, uint32 | bigint |
| uint64 | numeric(20,0) |
| decimal(p,s) | numeric(p,s) |
| float32, float64 | real, double precision |
| text, bytes, bool | text, bytea, boolean |
| date, time | date, time |
| timestamp, timestamptz | timestamp, timestamptz |

U+0000 is no text to PostgreSQL, and dates begin in 4714 before our era.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

import pgpq
import pyarrow as pa
import pyarrow.compute as pc

from connectors.sql.sqlite_form import found

_TYPES: dict[pa.DataType, str] = {
    pa.bool_(): "boolean",
    pa.int8(): "smallint",
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.uint8(): "smallint",
    pa.uint16(): "integer",
    pa.uint32(): "bigint",
    pa.uint64(): "numeric(20,0)",
    pa.float32(): "real",
    pa.float64(): "double precision",
    pa.string(): "text",
    pa.binary(): "bytea",
    pa.date32(): "date",
    pa.time64("us"): "time without time zone",
    pa.timestamp("us"): "timestamp without time zone",
    pa.timestamp("us", tz="UTC"): "timestamp with time zone",
}
Fit: TypeAlias = Literal["same", "cast", "checked"]
"""How values get into a column: as they are, by a cast that fails where it would change them, or looked at after it."""
_WORD = re.compile(r"([a-z ]+?)(?:\((-?\d+)(?:,(-?\d+))?\))?( with.*)?")
_INTEGERS, _FLOATS = ("smallint", "integer", "bigint"), ("real", "double precision")
_SPELLED = ("cidr", "inet", "json", "jsonb", "uuid")
_MICROSECONDS = 6
_DAYS = (-2_440_588, 2_145_042_905)
_MOMENTS = (-210_866_803_200_000_000, 2**63 - 1)  # what is earlier would come out as -infinity
_TIMES = (0, 86_400_000_000)
_LIMITS: tuple[tuple[Callable[[pa.DataType], bool], pa.DataType, tuple[int, int]], ...] = (
    (pa.types.is_date32, pa.int32(), _DAYS),
    (pa.types.is_timestamp, pa.int64(), _MOMENTS),
    (pa.types.is_time64, pa.int64(), _TIMES),
)


def declared(kind: pa.DataType) -> str:
    """The type of a column that holds values of this type as they are, as PostgreSQL writes it.

    Example:
        >>> declared(pa.decimal128(12, 2)), declared(pa.uint32())
        ('numeric(12,2)', 'bigint')
    """
    return f"numeric({kind.precision},{kind.scale})" if pa.types.is_decimal(kind) else _TYPES[kind]


def fit(wanted: pa.DataType, found: str, *, is_key: bool = False) -> Fit | None:
    """How values of this type get into a column of the type `found`; None: they would not stay what they are.

    Text may go into any column that gives it back letter by letter; of json, uuid and inet, where they are no key,
    the meaning counts, not the spelling.

    Example:
        >>> fit(pa.int64(), "bigint"), fit(pa.int64(), "integer"), fit(pa.string(), "character varying(9)")
        ('same', 'cast', 'checked')
        >>> fit(pa.decimal128(12, 2), "numeric(12,1)"), fit(pa.timestamp("us"), "timestamp with time zone")
        (None, None)
    """
    if declared(wanted) == found:
        return "same"
    if pa.types.is_string(wanted):
        return _text_fit(found, is_key=is_key)
    return "cast" if _holds(wanted, found) else None


def _text_fit(found: str, *, is_key: bool) -> Fit | None:
    if found == "citext" and is_key:
        return None  # it does not tell 'a' from 'A'
    plain = found == "character varying" or (found in _SPELLED and not is_key)
    return "cast" if plain else "checked"


def _holds(wanted: pa.DataType, found: str) -> bool:
    parts = _WORD.fullmatch(found)
    word, digits, scale = (f"{parts[1]}{parts[4] or ''}", parts[2], int(parts[3] or 0)) if parts else (found, None, 0)
    if pa.types.is_integer(wanted) or (pa.types.is_decimal(wanted) and wanted.scale == 0):
        return word in _INTEGERS or (word == "numeric" and scale >= 0)
    if pa.types.is_decimal(wanted):
        return word == "numeric" and (digits is None or scale >= wanted.scale)
    if pa.types.is_floating(wanted):
        return word == _FLOATS[1]
    return word == declared(wanted) and (digits is None or int(digits) >= _MICROSECONDS)


def formless(rows: pa.RecordBatch, codec: str = "") -> dict[int, str]:
    """Row -> why it cannot be kept in PostgreSQL as it is; empty if all can.

    `codec` is the encoding of the database, if it is one that has not all characters.
    """
    texts = {
        row: f"`{name}` holds U+0000, which is no text to PostgreSQL"
        for name, column in zip(rows.schema.names, rows.columns, strict=True)
        if pa.types.is_string(column.type) and _may_hold_zero(column)
        for row in pc.indices_nonzero(pc.match_substring(column, "\0")).to_pylist()
    }
    if codec:
        texts |= found(rows, lambda column: _without_letters(column, codec))
    return texts | found(rows, _beyond)


def encoded(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[bytes]:
    """Rows as COPY takes them in its binary format."""
    encoder = pgpq.ArrowToPostgresBinaryEncoder(schema)
    yield encoder.write_header()
    for batch in batches:
        yield encoder.write_batch(batch)
    yield encoder.finish()


def _may_hold_zero(column: pa.Array) -> bool:
    """A look at the bytes alone, which takes next to no time and nearly always tells."""
    content = column.buffers()[2]
    return content is not None and b"\0" in content.to_pybytes()


def _without_letters(column: pa.Array, codec: str) -> tuple[pa.Array | None, str]:
    if not pa.types.is_string(column.type):
        return None, ""
    lost = [value is not None and value.encode(codec, "ignore").decode(codec) != value for value in column.to_pylist()]
    return pa.array(lost), f"cannot be written in {codec}, the encoding of the database"


def _beyond(column: pa.Array) -> tuple[pa.Array | None, str]:
    for test, counted, (first, last) in _LIMITS:
        if test(column.type):
            number = column.cast(counted)
            ends = pc.min_max(number).as_py()
            if ends["min"] is None or (ends["min"] >= first and ends["max"] <= last):
                return None, ""
            return pc.or_(pc.less(number, first), pc.greater(number, last)), "is beyond what PostgreSQL can keep"
    return None, ""
