"""XML: a plain form of our own, or whatever a template makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO
from xml.parsers import expat

import pyarrow as pa
import pyarrow.compute as pc

from syncline.errors import ConfigError
from syncline.export.option import Options
from syncline.export.rows import pieces, refuse
from syncline.export.template import Template
from syncline.export.text import content, joined, large, texts

_FORBIDDEN = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_LETTERS = "A-Za-z_À-ÖØ-öø-ÿΑ-ΡΣ-ώЁА-яё一-龥"  # of those in names, the ones that every parser knows
_FIRST = re.compile(f"[{_LETTERS}]")
_NOT_IN_NAME = re.compile(f"_(?=x[0-9A-F]{{4,}}_)|[^{_LETTERS}0-9.-]")
_AT_ONCE = 1 << 16


def write(rows: Iterable[pa.RecordBatch], schema: pa.Schema, options: Options, file: BinaryIO) -> None:
    """Write `<rows><row><column>…`, or what the template makes of the rows.

    Raises:
        DataError: a text has a character that XML has not; names row and column.
        ConfigError: the template fails, or what it makes is not XML.
    """
    if options.template:
        _write_templated(rows, schema, options, options.template, file)
    else:
        _write_plain(rows, schema, options, file)


def _write_plain(rows: Iterable[pa.RecordBatch], schema: pa.Schema, options: Options, file: BinaryIO) -> None:
    file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<rows>\n')
    names = [_element(name) for name in schema.names]
    for _, found in _texts(rows, options):
        cells = [_cell(name, column, options.null) for name, column in zip(names, found, strict=True)]
        file.write(content(joined("<row>", pc.binary_join_element_wise(*cells, large("")), "</row>\n")))
    file.write(b"</rows>\n")


def _cell(name: str, column: pa.Array, null: str) -> pa.Array:
    """An element; for NULL there is none, unless something stands for it."""
    if null:
        column = pc.fill_null(column, large(null))
    for mark, escape in _ESCAPES.items():
        column = pc.replace_substring(column, mark, escape)
    return pc.fill_null(joined(f"<{name}>", column, f"</{name}>"), large(""))


def _element(name: str) -> str:
    """The name of an element: what cannot stand in it is written as SQL/XML does.

    Example:
        >>> _element("1st name")
        '_x0031_st_x0020_name'
    """
    if not name or not _FIRST.match(name):
        return _escaped(name[:1]) + _NOT_IN_NAME.sub(lambda found: _escaped(found[0]), name[1:])
    return _NOT_IN_NAME.sub(lambda found: _escaped(found[0]), name)


def _escaped(character: str) -> str:
    return f"_x{ord(character):04X}_" if character else "_"


def _texts(rows: Iterable[pa.RecordBatch], options: Options) -> Iterator[tuple[pa.RecordBatch, list[pa.Array]]]:
    """Each batch, and its columns as text that XML can have."""
    for first, batch in pieces(rows):
        found = [texts(column, options) for column in batch.columns]
        for name, column in zip(batch.schema.names, found, strict=True):
            refuse(
                pc.match_substring_regex(column, _FORBIDDEN), column, first, name, "has a character that XML has not"
            )
        yield batch, found


def _write_templated(
    rows: Iterable[pa.RecordBatch], schema: pa.Schema, options: Options, template: Template, file: BinaryIO
) -> None:
    parser = expat.ParserCreate()
    pieces = template.render(schema.names, _values(rows, options), options.null, options.booleans)
    try:
        for text in _gathered(pieces):
            parser.Parse(text, False)  # noqa: FBT003 - it takes no names
            file.write(text)
        parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        message = f"what the template makes is not XML: {error}"
        raise ConfigError(message, where=template.name, hint="the line is that of the file it makes") from error


def _gathered(pieces: Iterator[str]) -> Iterator[bytes]:
    gathered: list[str] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size > _AT_ONCE:
            yield "".join(gathered).encode()
            gathered, size = [], 0
    yield "".join(gathered).encode()


def _values(rows: Iterable[pa.RecordBatch], options: Options) -> Iterator[dict[str, object]]:
    """Whole numbers and truths as such, so that a template can ask for them; all else as text."""
    for batch, found in _texts(rows, options):
        names = batch.schema.names
        columns = [
            (own if pa.types.is_integer(own.type) or pa.types.is_boolean(own.type) else text).to_pylist()
            for own, text in zip(batch.columns, found, strict=True)
        ]
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))
