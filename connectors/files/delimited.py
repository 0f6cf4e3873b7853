"""CSV and its kin: text with one row a line and a delimiter between the values."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
from pyarrow import csv as arrow_csv

from connectors.files.packed import LONGEST, lines, opened
from syncline import ConfigError, DataError

_END = "\x1a"
_DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class Delimited:
    """How a CSV file is written.

    Args:
        delimiter: one character.
        encoding: of its text.
        null_values: what stands for NULL where it is not quoted; a quoted empty value is an empty text.
        is_sure: somebody has said the delimiter, so a header of one name is one.
    """

    delimiter: str
    encoding: str
    null_values: tuple[str, ...]
    is_sure: bool = True

    def schema(self, path: Path) -> pa.Schema:
        """The columns of the header, all of them text."""
        return pa.schema([(name, pa.string()) for name in self._header(path)])

    def read(self, path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """The rows, each value as the bytes in the file (in UTF-8), with the columns of these names that it has.

        Raises:
            DataError: a row has more or fewer values than the header, or the file ends within a value.
            ConfigError: a column has the name of another.
        """
        header = self._header(path)
        wanted = [name for name in header if name in columns]
        last: pa.RecordBatch | None = None
        try:
            for batch in self._batches(path, header, wanted):
                if last is not None:
                    yield last
                last = batch
        except pa.ArrowInvalid as error:
            raise self._explained(path, len(header), error) from error
        yield _without_end(last, path)

    def _batches(self, path: Path, header: list[str], wanted: list[str]) -> Iterator[pa.RecordBatch]:
        with opened(path) as file:
            end = self.delimiter.join([_END] * len(header))
            reader = arrow_csv.open_csv(
                _WithEnd(self._in_utf8(file), f"\n{end}\n".encode()),
                arrow_csv.ReadOptions(block_size=LONGEST, use_threads=False),
                arrow_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(header, pa.binary()),  # what is no text is rejected row by row
                    include_columns=wanted,
                    null_values=self.null_values,
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
            yield from (batch for batch in reader if batch.num_rows)

    def _in_utf8(self, file: BinaryIO) -> BinaryIO:
        if codecs.lookup(self.encoding).name in {"utf-8", "utf-8-sig"}:
            return file
        return cast("BinaryIO", codecs.EncodedFile(file, "utf-8", self.encoding))

    def _header(self, path: Path) -> list[str]:
        with self._text(path) as text:
            rows = csv.reader(lines(text, path), delimiter=self.delimiter)
            try:
                header = next((row for row in rows if row), None)
            except csv.Error as error:
                raise DataError(f"the header cannot be read: {error}", where=f"{path}:{rows.line_num}") from error
        if header is None:
            raise DataError("the file is empty: even the header is missing", where=str(path))
        for name in header:
            if header.count(name) > 1:
                raise ConfigError(f"the column `{name}` stands twice in the header", where=f"{path}:1")
        if len(header) == 1 and not self.is_sure:
            self._check_delimiter(header[0], path)
        return header

    def _check_delimiter(self, name: str, path: Path) -> None:
        other = next((mark for mark in _DELIMITERS if mark in name), None)
        if other is not None:
            mend, keep = (f"set `delimiter: {json.dumps(mark)}`" for mark in (other, self.delimiter))
            hint = f"{mend} at the source; if it is one, {keep}"
            raise ConfigError(f"the header is one column, `{name}`", where=f"{path}:1", hint=hint)

    def _explained(self, path: Path, width: int, error: pa.ArrowInvalid) -> DataError:
        """The error with the line it is in; looking for it once more is quick enough for an error."""
        with suppress(csv.Error, UnicodeError, DataError), self._text(path) as text:
            rows = csv.reader(lines(text, path), delimiter=self.delimiter)
            for row in rows:
                if row and len(row) != width:
                    message = f"the row has {len(row)} values, but the header has {width}"
                    return DataError(message, where=f"{path}:{rows.line_num}")
        if "straddling" in str(error):
            return DataError(f"a row is longer than {LONGEST >> 20} MB", where=str(path), hint="is a quote not closed?")
        return DataError(f"not a proper CSV file: {error}", where=str(path))

    def _text(self, path: Path) -> io.TextIOWrapper:
        utf8 = codecs.lookup(self.encoding).name == "utf-8"
        encoding, errors = ("utf-8-sig", "surrogateescape") if utf8 else (self.encoding, "strict")
        return io.TextIOWrapper(opened(path), encoding, errors, newline="")


class _WithEnd:
    """A file with a row of ours at its end: if it does not come out, the file ended within a quoted value."""

    closed = False

    def __init__(self, file: BinaryIO, end: bytes) -> None:
        self._file = file
        self._end = end

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        if not content:
            content, self._end = self._end, b""
        return content


def _without_end(last: pa.RecordBatch | None, path: Path) -> pa.RecordBatch:
    ends = last is not None and all(column[-1].as_py() == _END.encode() for column in last.columns)
    if last is None or not ends:
        raise DataError("the file ends within a quoted value", where=str(path), hint="was it cut off?")
    return last.slice(0, last.num_rows - 1)
