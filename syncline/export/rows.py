"""The rows as a file has them: its columns, under its names; and what is said of one that it cannot have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from syncline.errors import ConfigError, DataError
from syncline.export.option import Options

_AT_ONCE = 16_384
_SHOWN = 40


def chosen(
    rows: Iterable[pa.RecordBatch], schema: pa.Schema, options: Options
) -> tuple[Iterator[pa.RecordBatch], pa.Schema]:
    """The columns that are wanted, in their order, called as in the file.

    Raises:
        ConfigError: a column is not there.
    """
    places = {name: at for at, name in enumerate(schema.names)}
    wanted = options.columns or tuple((name, name) for name in places)
    missing = [name for name, _ in wanted if name not in places]
    if missing:
        raise ConfigError(f"there is no column `{missing[0]}` to publish", hint=f"known are {', '.join(places)}")
    taken = [places[name] for name, _ in wanted]
    fields = [schema.field(at).with_name(header) for at, (_, header) in zip(taken, wanted, strict=True)]
    made = pa.schema(fields, schema.metadata)
    return (pa.RecordBatch.from_arrays([batch.column(at) for at in taken], schema=made) for batch in rows), made


def pieces(rows: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows, at most a few thousand at once, each time with the number of the first one; they begin with 1."""
    first = 1
    for batch in rows:
        for start in range(0, batch.num_rows, _AT_ONCE):
            yield first + start, batch.slice(start, _AT_ONCE)
        first += batch.num_rows


def refuse(bad: pa.Array, texts: pa.Array, first: int, name: str, why: str) -> None:
    """Say which value a file cannot hold, if there is one.

    Raises:
        DataError: one of `bad` is true; names row and column.
    """
    at = pc.index(bad, value=True).as_py()
    if at >= 0:
        raise misfit(texts[at].as_py(), first + at, name, why)


def misfit(text: str, row: int, name: str, why: str) -> DataError:
    """What is said of a value that a file cannot hold."""
    shown = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
    return DataError(f"row {row}, column `{name}`: {shown} {why}", hint="leave the column out, or change its values")
