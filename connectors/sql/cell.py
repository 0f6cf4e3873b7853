"""Single values as JSON and back: the keys of refused rows, and cursors."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from syncline import JSON


def as_json(value: Any) -> JSON:
    """A value as JSON, without losing anything of it.

    Example:
        >>> as_json(Decimal("1.10")), as_json(date(2023, 1, 31)), as_json(7)
        ('1.10', '2023-01-31', 7)
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(bytes(value)).decode()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def from_json(value: JSON, kind: pa.DataType) -> Any:
    """The value of this type that `as_json` wrote.

    Example:
        >>> from_json("1.10", pa.decimal128(12, 2))
        Decimal('1.10')
    """
    if not isinstance(value, str) or pa.types.is_string(kind):
        return value
    readers: tuple[tuple[Any, Any], ...] = (
        (pa.types.is_decimal, Decimal),
        (pa.types.is_timestamp, datetime.fromisoformat),
        (pa.types.is_date, date.fromisoformat),
        (pa.types.is_time, time.fromisoformat),
        (pa.types.is_binary, b64decode),
    )
    reader = next((reader for test, reader in readers if test(kind)), None)
    try:
        return reader(value) if reader else value
    except ValueError:
        return value  # beyond what Python can express, so it was text from the start


def key_from_json(key: Mapping[str, JSON], schema: pa.Schema) -> dict[str, Any]:
    """A whole key back from JSON."""
    return {name: from_json(value, schema.field(name).type) for name, value in key.items()}
