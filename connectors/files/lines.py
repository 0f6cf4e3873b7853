"""JSON lines: one object a line."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from connectors.files.packed import LONGEST, lines, opened
from syncline import ConfigError, DataError

Row: TypeAlias = Mapping[str, object]
_LOOKED_AT = 1_000
_LONG = 63
_KINDS: dict[frozenset[type], pa.DataType] = {
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({Decimal}): pa.float64(),
    frozenset({int, Decimal}): pa.float64(),
}


@dataclass(frozen=True, slots=True)
class Lines:
    """How a file of JSON lines is written."""

    encoding: str

    def schema(self, path: Path) -> pa.Schema:
        """The columns of the first thousand rows, or fewer long ones, with the type for all their values; else text."""
        rows = next(self._chunks(path, _LOOKED_AT), [])
        names = dict.fromkeys(name for row in rows for name in row)
        return pa.schema([(name, _kind([row.get(name) for row in rows])) for name in names])

    def read(self, path: Path, columns: list[str], size: int) -> Iterator[dict[str, Sequence[object]]]:
        """The rows as columns of values, digits as they are; what a row does not have is NULL.

        Raises:
            DataError: a line is no JSON object, or was broken off.
            ConfigError: no row of the file has this column.
        """
        found: dict[str, None] = {}
        for chunk in self._chunks(path, size):
            found |= dict.fromkeys(name for row in chunk for name in row)
            yield {name: [row.get(name) for row in chunk] for name in columns}
        for name in columns:
            if found and name not in found:
                raise ConfigError(
                    f"no row has a column `{name}`", where=str(path), hint=f"they have {', '.join(found)}"
                )

    def _chunks(self, path: Path, size: int) -> Iterator[list[Row]]:
        """So many rows at a time, or fewer where they are long."""
        chunk, letters = list[Row](), 0
        with self._text(path) as file:
            for number, line in enumerate(lines(file, path), 1):
                if line.strip():
                    chunk.append(_parse(line, f"{path}:{number}"))
                    letters += len(line)
                if len(chunk) == size or letters > LONGEST:
                    yield chunk
                    chunk, letters = [], 0
        if chunk:
            yield chunk

    def _text(self, path: Path) -> io.TextIOWrapper:
        utf8 = codecs.lookup(self.encoding).name == "utf-8"
        return io.TextIOWrapper(opened(path), "utf-8-sig" if utf8 else self.encoding, newline="\n")


def _parse(line: str, where: str) -> Row:
    try:
        row = json.loads(line, parse_float=Decimal, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise DataError(f"the line is not JSON: {error}", where=where, hint="was the file cut off?") from error
    if not isinstance(row, dict):
        raise DataError("the line is not a JSON object", where=where)
    return row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a name stands twice in {list(found)}")
    return found


def _kind(values: Sequence[object]) -> pa.DataType:
    types = frozenset(type(value) for value in values if value is not None)
    if any(isinstance(value, int) and value.bit_length() > _LONG for value in values):
        return pa.string()
    return _KINDS.get(types, pa.string())
