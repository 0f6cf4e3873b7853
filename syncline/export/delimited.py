"""CSV and TSV: a row a line, with a delimiter between the values (RFC 4180)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from syncline.export.option import Options
from syncline.export.rows import misfit, pieces
from syncline.export.text import TEXT, content, joined, large, texts

_FORMULA = "^[=+\\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - the wide ones count as well
_HARMLESS = {"header", "columns", "encoding", "line_ending", "compression", "escape_formulas", "timezone", "digits"}
_ENDS = {"lf": "\n", "crlf": "\r\n"}


def write(rows: Iterable[pa.RecordBatch], schema: pa.Schema, options: Options, file: BinaryIO) -> None:
    """Write a line a row.

    Raises:
        DataError: a text is not in the encoding; names row and column.
    """
    encoder = codecs.getincrementalencoder(options.encoding)()
    if options.header:
        names = [pa.array([name], TEXT) for name in schema.names]
        _write_lines([_cell(name, options) for name in names], schema.names, 0, options, encoder, file)
    for first, batch in pieces(rows):
        cells = [_cell(column, options) for column in batch.columns]
        _write_lines(cells, schema.names, first, options, encoder, file)


def write_tabbed(rows: Iterable[pa.RecordBatch], schema: pa.Schema, options: Options, file: BinaryIO) -> None:
    """Write the same with tabs."""
    write(rows, schema, tabbed(options), file)


def tabbed(options: Options) -> Options:
    """The same with tabs between the values.

    Raises:
        ConfigError: a tab means something else already.
    """
    return replace(options, delimiter="\t")


def _write_lines(
    cells: Sequence[pa.Array],
    names: Sequence[str],
    first: int,
    options: Options,
    encoder: codecs.IncrementalEncoder,
    file: BinaryIO,
) -> None:
    if len(cells) == 1 and not options.null:
        cells = [
            pc.if_else(pc.equal(cells[0], large("")), large(options.quote * 2), cells[0])
        ]  # an empty line is no row to many
    lines = pc.binary_join_element_wise(*cells, large(options.delimiter))
    whole = content(joined("", lines, _ENDS[options.line_ending]))
    if codecs.lookup(options.encoding).name == "utf-8":
        file.write(whole)
        return
    try:
        file.write(encoder.encode(str(whole, "utf-8")))
    except UnicodeEncodeError as error:
        for row, values in enumerate(zip(*(column.to_pylist() for column in cells), strict=True), first):
            for name, value in zip(names, values, strict=True):
                if not _is_in(value, options.encoding):
                    raise misfit(value, row, name, f"is not in {options.encoding}") from error
        raise


def _is_in(text: str, encoding: str) -> bool:
    try:
        return bool(text.encode(encoding)) or True
    except UnicodeEncodeError:
        return False


def _cell(column: pa.Array, options: Options) -> pa.Array:
    found = texts(column, options)
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if is_text and options.escape_formulas:
        found = pc.if_else(pc.match_substring_regex(found, _FORMULA), joined("'", found), found)
    if is_text or not _is_harmless(options):
        found = _quoted(found, options)
    return pc.fill_null(found, large(options.null))


def _is_harmless(options: Options) -> bool:
    """Numbers, dates and the like need no quotes."""
    return options.chosen().keys() - _HARMLESS <= {"delimiter"} and options.delimiter in ",;\t|"


def _quoted(found: pa.Array, options: Options) -> pa.Array:
    """In quotes where they are needed, and where a text would be taken for NULL."""
    mark = options.quote
    needed = pc.match_substring_regex(found, f"[{re.escape(options.delimiter + mark)}\r\n]")
    needed = pc.or_(needed, pc.equal(found, large(options.null)))
    return pc.if_else(needed, joined(mark, pc.replace_substring(found, mark, mark * 2), mark), found)
