"""Rows as the content of a file: CSV, JSON lines, Parquet."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from syncline.export.option import Format, Options

__all__ = ["Format", "Options", "media_type", "suffix", "write"]

_TEXT = pa.large_string()
_NOT_IN_JSON = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def write(rows: Iterable[pa.RecordBatch], schema: pa.Schema, form: Format, file: BinaryIO) -> None:
    """Write rows of `schema` to a file, a batch at a time.

    - CSV: RFC 4180 with a header, but lines end in LF; UTF-8. NULL is nothing, an empty text is `""`.
    - JSON lines: numbers have all their digits; NaN and the infinities, which JSON has not, are the strings "NaN",
      "Infinity" and "-Infinity".
    - Both: floats in the shortest digits that tell one from its neighbours, timestamps as ISO 8601
      (`2024-02-29T12:00:00Z`), decimals without exponent, bytes in base64.
    - Parquet: zstd.
    """
    _WRITERS[form](rows, schema, file)


def suffix(form: Format, options: Options) -> str:
    """What files of a format end in.

    Example:
        >>> suffix("csv", Options(compression="gzip"))
        '.csv.gz'
    """
    return f".{form}.gz" if options.compression else f".{form}"


def media_type(form: Format, options: Options) -> str:
    """What a server says that such a file is.

    Example:
        >>> media_type("csv", Options(encoding="utf-8-sig"))
        'text/csv; charset=utf-8'
    """
    if options.compression:
        return "application/gzip"
    name = _MEDIA_TYPES[form]
    return f"{name}; charset={options.encoding.removesuffix('-sig')}" if name.startswith("text/") else name


_MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
}


def _write_csv(rows: Iterable[pa.RecordBatch], schema: pa.Schema, file: BinaryIO) -> None:
    header = ",".join(_quoted(pa.array(schema.names, _TEXT)).to_pylist())
    file.write(f"{header}\n".encode())
    for batch in rows:
        cells = [_csv(column) for column in batch.columns]
        _write_lines(pc.binary_join_element_wise(*cells, _large(",")), "", "\n", file)


def _write_json(rows: Iterable[pa.RecordBatch], schema: pa.Schema, file: BinaryIO) -> None:
    names = [json.dumps(name, ensure_ascii=False) for name in schema.names]
    for batch in rows:
        cells = [_joined(f"{name}:", _json(column)) for name, column in zip(names, batch.columns, strict=True)]
        _write_lines(pc.binary_join_element_wise(*cells, _large(",")), "{", "}\n", file)


def _write_parquet(rows: Iterable[pa.RecordBatch], schema: pa.Schema, file: BinaryIO) -> None:
    with pq.ParquetWriter(file, schema, compression="zstd") as parquet:
        for batch in rows:
            parquet.write_batch(batch)


_WRITERS: dict[Format, Callable[[Iterable[pa.RecordBatch], pa.Schema, BinaryIO], None]] = {
    "csv": _write_csv,
    "jsonl": _write_json,
    "parquet": _write_parquet,
}


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, _TEXT)


def _joined(before: str, column: pa.Array, after: str = "") -> pa.Array:
    return pc.binary_join_element_wise(_large(before), column, _large(after), _large(""))


def _write_lines(lines: pa.Array, before: str, after: str, file: BinaryIO) -> None:
    file.writelines(line.encode() for line in _joined(before, lines, after).to_pylist())


def _csv(column: pa.Array) -> pa.Array:
    texts = _texts(column)
    return pc.fill_null(_quoted(texts) if pa.types.is_string(column.type) else texts, _large(""))


def _quoted(texts: pa.Array) -> pa.Array:
    """In quotes where they are needed, and where an empty text would be taken for NULL."""
    needed = pc.match_substring_regex(texts, '^$|[",\r\n]')
    return pc.if_else(needed, _joined('"', pc.replace_substring(texts, '"', '""'), '"'), texts)


def _json(column: pa.Array) -> pa.Array:
    texts = _texts(column)
    if pa.types.is_floating(column.type):
        texts = _map(texts, _json_number)
    elif pa.types.is_string(column.type):
        texts = _map(texts, lambda text: json.dumps(text, ensure_ascii=False))
    elif pa.types.is_temporal(column.type) or pa.types.is_binary(column.type):
        texts = _joined('"', texts, '"')
    return pc.fill_null(texts, _large("null"))


def _json_number(text: str) -> str:
    """A float as such: `1` would be read as an integer, whose digits all count."""
    if text in _NOT_IN_JSON:
        return json.dumps(_NOT_IN_JSON[text])
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def _texts(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_binary(kind):
        return _map(column, lambda value: b64encode(value).decode())
    if pa.types.is_decimal(kind):
        return _map(column, lambda value: format(value, "f"))
    texts = column.cast(_TEXT)
    if pa.types.is_temporal(kind):
        texts = pc.replace_substring_regex(texts, r"\.000000", "")
        texts = pc.replace_substring(texts, " ", "T")
    return texts


def _map(column: pa.Array, change: Callable[..., str]) -> pa.Array:
    return pa.array([None if value is None else change(value) for value in column.to_pylist()], _TEXT)
