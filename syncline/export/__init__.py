"""Rows as the content of a file: CSV, TSV, JSON, JSON lines, Parquet, XLSX, XML."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias, cast

import pyarrow as pa

from syncline.errors import ConfigError
from syncline.export import delimited, json, parquet, xlsx, xml
from syncline.export.option import FITTING, FORMATS, Format, Options
from syncline.export.rows import chosen
from syncline.export.template import Template

__all__ = ["FITTING", "FORMATS", "Format", "Options", "Template", "check", "media_type", "suffix", "write"]

_Writer: TypeAlias = Callable[[Iterable[pa.RecordBatch], pa.Schema, Options, BinaryIO], None]
_WRITERS: dict[Format, _Writer] = {
    "csv": delimited.write,
    "tsv": delimited.write_tabbed,
    "json": json.write_array,
    "jsonl": json.write_lines,
    "parquet": parquet.write,
    "xlsx": xlsx.write,
    "xml": xml.write,
}
_MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
}
_PLAIN = Options()


def write(
    rows: Iterable[pa.RecordBatch], schema: pa.Schema, form: Format, file: BinaryIO, options: Options = _PLAIN
) -> None:
    """Write rows of `schema` to a file, a few thousand at a time; the same rows make the same bytes.

    - CSV, TSV: RFC 4180 with a header, but lines end in LF; UTF-8. NULL is nothing, an empty text is `""`.
    - JSON, JSON lines: numbers have all their digits; NaN and the infinities, which JSON has not, are the strings
      "NaN", "Infinity" and "-Infinity".
    - XML: an element a column, none for NULL; or what a template makes.
    - All of them: floats in the shortest digits that tell one from its neighbours, timestamps as ISO 8601
      (`2024-02-29T12:00:00Z`), decimals without exponent, bytes in base64.
    - XLSX: numbers, dates and truths as such; a text where Excel cannot hold them.
    - Parquet: zstd.

    Raises:
        ConfigError: the options do not fit the format or the columns, or a template fails.
        DataError: a value cannot stand in such a file; names row and column.
    """
    check(form, options)
    wanted, made = chosen(rows, schema, options)
    with _packed(file, options) as inner:
        _WRITERS[form](wanted, made, options, inner)


def check(form: Format, options: Options) -> None:
    """Raise ConfigError where an option does not fit the format.

    Example:
        >>> check("parquet", Options(delimiter=";"))
        Traceback (most recent call last):
        syncline.errors.ConfigError: `delimiter` is not for parquet (it knows columns)
    """
    for name in options.chosen():
        if name not in FITTING[form]:
            raise ConfigError(f"`{name}` is not for {form}", hint=f"it knows {', '.join(sorted(FITTING[form]))}")
    if form == "tsv":
        delimited.tabbed(options)
    if form == "xlsx":
        xlsx.check(options)


def suffix(form: Format, options: Options = _PLAIN) -> str:
    """What files of a format end in.

    Example:
        >>> suffix("csv", Options(compression="gzip"))
        '.csv.gz'
    """
    return f".{form}.gz" if options.compression else f".{form}"


def media_type(form: Format, options: Options = _PLAIN) -> str:
    """What a server says that such a file is.

    Example:
        >>> media_type("csv", Options(encoding="utf-8-sig"))
        'text/csv; charset=utf-8'
    """
    if options.compression:
        return "application/gzip"
    name = _MEDIA_TYPES[form]
    return f"{name}; charset={options.encoding.removesuffix('-sig')}" if name.startswith("text/") else name


@contextmanager
def _packed(file: BinaryIO, options: Options) -> Iterator[BinaryIO]:
    if not options.compression:
        yield file
        return
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as inner:
        yield cast("BinaryIO", inner)
