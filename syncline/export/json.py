"""JSON: an array of objects, or an object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from syncline.export.option import Options
from syncline.export.rows import pieces
from syncline.export.text import content, each, joined, large, texts

_ESCAPED = r'["\\\x00-\x1f]'


def write_lines(rows: Iterable[pa.RecordBatch], _schema: pa.Schema, options: Options, file: BinaryIO) -> None:
    """Write an object a line."""
    file.writelines(content(joined("", objects(batch, options), "\n")) for _, batch in pieces(rows))


def write_array(rows: Iterable[pa.RecordBatch], _schema: pa.Schema, options: Options, file: BinaryIO) -> None:
    """Write one array, with an object a line too."""
    before = b"[\n"
    for _, batch in pieces(rows):
        file.write(before)
        file.write(content(objects(batch, options), ",\n"))
        before = b",\n"
    file.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def objects(batch: pa.RecordBatch, options: Options) -> pa.Array:
    """Each row as the text of a JSON object.

    Example:
        >>> objects(pa.record_batch({"id": [1], "name": [None]}), Options()).to_pylist()
        ['{"id":1,"name":null}']
    """
    names = [json.dumps(name, ensure_ascii=False) for name in batch.schema.names]
    cells = [joined(f"{name}:", _value(column, options)) for name, column in zip(names, batch.columns, strict=True)]
    return joined("{", pc.binary_join_element_wise(*cells, large(",")), "}")


def _value(column: pa.Array, options: Options) -> pa.Array:
    found, kind = texts(column, options), column.type
    if pa.types.is_floating(kind):
        found = _floats(found)
    elif not (pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind)):
        found = _strings(found)
    return pc.fill_null(found, large("null"))


def _floats(found: pa.Array) -> pa.Array:
    """A float as such: `1` would be read as an integer. NaN and the infinities, which JSON has not, are texts."""
    found = pc.replace_substring_regex(found, r"^(-?\d+)$", r"\1.0")
    found = pc.replace_substring_regex(found, "^nan$", '"NaN"')
    return pc.replace_substring_regex(found, "^(-?)inf$", r'"\1Infinity"')


def _strings(found: pa.Array) -> pa.Array:
    needed = pc.fill_null(pc.match_substring_regex(found, _ESCAPED), fill_value=False)
    escaped = each(found.filter(needed), lambda text: json.dumps(text, ensure_ascii=False))
    return pc.replace_with_mask(joined('"', found, '"'), needed, escaped)
