"""UUIDs as PostgreSQL writes them, made here: over the line they come in half the bytes, and it is spared the work."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_BYTES = 16
_DIGITS = np.dtype([("a", "S8"), ("b", "S4"), ("c", "S4"), ("d", "S4"), ("e", "S12")])
_WRITTEN = np.dtype(
    [
        ("a", "S8"),
        ("-1", "S1"),
        ("b", "S4"),
        ("-2", "S1"),
        ("c", "S4"),
        ("-3", "S1"),
        ("d", "S4"),
        ("-4", "S1"),
        ("e", "S12"),
    ]
)


def written(uuids: pa.Array) -> pa.Array:
    """UUIDs of 16 bytes as text.

    Example:
        >>> written(pa.array([bytes(range(16)), None], pa.binary(16))).to_pylist()
        ['00010203-0405-0607-0809-0a0b0c0d0e0f', None]
    """
    count = len(uuids)
    stored = uuids.buffers()[1].slice(uuids.offset * _BYTES, count * _BYTES)
    digits = stored.to_pybytes().hex().encode()
    texts = np.full(count, "-" * _WRITTEN.itemsize, f"S{_WRITTEN.itemsize}").view(_WRITTEN)
    for part in _DIGITS.names or ():
        texts[part] = np.frombuffer(digits, _DIGITS)[part]
    offsets = np.arange(0, (count + 1) * _WRITTEN.itemsize, _WRITTEN.itemsize, dtype=np.int32)
    made = pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(texts))
    return pc.if_else(uuids.is_valid(), made, pa.nulls(count, pa.string())) if uuids.null_count else made
