"""XLSX: a sheet for Excel, with numbers, dates and truths as such, and texts that are never formulas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from html import escape
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from syncline.errors import ConfigError, DataError
from syncline.export.option import Options
from syncline.export.rows import misfit, pieces, refuse
from syncline.export.text import TEXT, each, local, texts

MOST_ROWS = 1_048_576
"""How many rows a sheet has, the header included."""
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 32_767
_MOST_DIGITS = 15
_LARGEST = 9.99999999999999e307
_DAY = 86_400_000_000  # in microseconds, as all our times are
_EPOCH = 25_569  # the day that Arrow counts from, as Excel counts
_FIRST, _LAST = 61, 2_958_466  # March 1900 to 9999; before it Excel has a 29th of February that never was
_SHOWN_AS = {
    "%Y": "yyyy", "%y": "yy", "%m": "mm", "%b": "mmm", "%B": "mmmm", "%d": "dd", "%a": "ddd", "%A": "dddd",
    "%H": "hh", "%I": "hh", "%M": "mm", "%S": "ss", "%S.%f": "ss.000", "%p": "AM/PM", "%F": "yyyy-mm-dd",
    "%T": "hh:mm:ss",
}  # fmt: skip
_ALWAYS = datetime(2000, 1, 1)  # noqa: DTZ001 - when it was made is not said: the same rows make the same bytes


def check(options: Options) -> None:
    """Raise ConfigError where a date or time is to look as Excel cannot show it."""
    for pattern in (options.date, options.time, options.timestamp):
        _shown_as(pattern)


def write(rows: Iterable[pa.RecordBatch], schema: pa.Schema, options: Options, file: BinaryIO) -> None:
    """Write one sheet; what Excel cannot hold as a number or a date is a text there.

    Raises:
        DataError: there are more rows or columns than Excel has, or a text is too long for a cell.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - few files are for Excel

    if len(schema) > _MOST_COLUMNS:
        raise DataError(f"a sheet has {_MOST_COLUMNS} columns, these are {len(schema)}", hint="leave some out")
    with TemporaryDirectory() as folder:
        book = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        book.use_zip64()
        book.set_properties({"created": _ALWAYS})
        _fill(book, book.add_worksheet(options.sheet), rows, schema, options)
        book.close()


def _fill(book: Any, sheet: Any, rows: Iterable[pa.RecordBatch], schema: pa.Schema, options: Options) -> None:
    put: dict[type, Callable[..., object]] = {
        str: sheet.write_string, bool: sheet.write_boolean, int: sheet.write_number, float: sheet.write_number
    }  # fmt: skip
    looks = [book.add_format({"num_format": look}) if (look := _look(kind, options)) else None for kind in schema.types]
    if options.header:
        for at, name in enumerate(schema.names):
            sheet.write_string(0, at, _safe(pa.array([name], TEXT), 0, name)[0].as_py())
    above = int(options.header) - 1
    for first, batch in pieces(rows):
        if first + above + batch.num_rows > MOST_ROWS:
            hint = "publish it as CSV, or fewer rows"
            raise DataError(f"a sheet of Excel has {MOST_ROWS:,} rows, these are more", hint=hint)
        columns = [_cells(cells, first, name, options) for name, cells in zip(schema.names, batch.columns, strict=True)]
        for row, values in enumerate(zip(*columns, strict=True), first + above):
            for at, value in enumerate(values):
                if value is not None:
                    put[type(value)](row, at, value, looks[at])


def _cells(column: pa.Array, first: int, name: str, options: Options) -> list[Any]:
    """The values, each of a type that has a cell of its own."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return column.to_pylist()
    if pa.types.is_temporal(kind):
        return _moments(column, options)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return [_number(value) for value in column.to_pylist()]
    if pa.types.is_floating(kind):
        return _floats(column, options)
    return _safe(texts(column, options), first, name).to_pylist()


def _number(value: int | Decimal | None) -> float | str | None:
    """A number, or its text where Excel would take away digits."""
    if value is None:
        return None
    shown = format(value, "f" if isinstance(value, Decimal) else "d")
    digits = shown.lstrip("-0.").replace(".", "").rstrip("0" if "." in shown else "")
    return float(value) if len(digits) <= _MOST_DIGITS else shown


def _floats(column: pa.Array, options: Options) -> list[Any]:
    """A narrow float is the number that its digits say, not what it is when it is widened."""
    wide = column if column.type == pa.float64() else column.cast(TEXT).cast(pa.float64())
    return _either(pc.less_equal(pc.abs(wide), _LARGEST), wide, texts(column, options))


def _either(fits: pa.Array, column: pa.Array, else_: pa.Array) -> list[Any]:
    """The values of a column where they fit, and their texts where not."""
    if pc.all(fits).as_py() is not False:
        return column.to_pylist()
    triples = zip(fits.to_pylist(), column.to_pylist(), else_.to_pylist(), strict=True)
    return [value if fit else text for fit, value, text in triples]


def _moments(column: pa.Array, options: Options) -> list[Any]:
    """Days since 1900, as Excel counts."""
    kind = column.type
    if pa.types.is_time(kind):
        return pc.divide(column.cast(pa.int64()).cast(pa.float64()), float(_DAY)).to_pylist()
    if pa.types.is_date(kind):
        days = column.cast(pa.int32()).cast(pa.float64())
    else:
        shown = local(column, options.timezone) if kind.tz else column
        days = pc.divide(shown.cast(pa.int64()).cast(pa.float64(), safe=False), float(_DAY))
    found = pc.add(days, float(_EPOCH))
    fits = pc.and_(pc.greater_equal(found, _FIRST), pc.less(found, _LAST))
    return _either(fits, found, texts(column, options))


def _safe(found: pa.Array, first: int, name: str) -> pa.Array:
    """Texts that a cell can hold, and that the library takes for nothing else."""
    refuse(pc.match_substring_regex(found, "[\ufffe\uffff]"), found, first, name, "has a character that XLSX has not")
    if (pc.max(pc.binary_length(found)).as_py() or 0) > _MOST_CHARACTERS:
        for row, text in enumerate(found.to_pylist(), first):
            if text is not None and len(text.encode("utf-16-le")) // 2 > _MOST_CHARACTERS:
                raise misfit(text, row, name, f"is longer than the {_MOST_CHARACTERS:,} characters of a cell")
    marked = pc.fill_null(pc.match_substring_regex(found, r"(?s)^<r>.*</r>$"), fill_value=False)
    return pc.replace_with_mask(found, marked, each(found.filter(marked), _as_rich))


def _as_rich(text: str) -> str:
    """A text that looks like the library's own form of a text with several fonts, in that very form."""
    return f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'


def _look(kind: pa.DataType, options: Options) -> str:
    """How Excel shows the values of a column; empty: as it likes."""
    if pa.types.is_timestamp(kind):
        return _shown_as(options.timestamp or "%F %T")
    if pa.types.is_date(kind):
        return _shown_as(options.date or "%F")
    if pa.types.is_time(kind):
        return _shown_as(options.time or "%T")
    if options.digits is None or not (pa.types.is_decimal(kind) or pa.types.is_floating(kind)):
        return ""
    return f"{0:.{options.digits}f}"


def _shown_as(pattern: str) -> str:
    r"""The same in Excel's words.

    Example:
        >>> _shown_as("%d.%m.%Y %H:%M")
        'dd\\.mm\\.yyyy\\ hh\\:mm'
    """
    parts = re.findall(r"%S\.%f|%.|.", pattern, re.DOTALL)
    unknown = [part for part in parts if part.startswith("%") and part not in _SHOWN_AS]
    if unknown:
        raise ConfigError(f"`{unknown[0]}` is nothing that Excel shows", hint=f"known are {' '.join(_SHOWN_AS)}")
    return "".join(_SHOWN_AS.get(part, f"\\{part}") for part in parts)
