"""Calls a function once, with all rows of a model together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from syncline import column
from syncline.changes import BATCH_ROWS, OP, PART, physical
from syncline.errors import DataError
from syncline.transform.function import Function, Given, Raised

WHOLE = "rows made of all rows together are made whole or not at all"


def write(function: Function, rows: pa.Table, given: pa.Schema, key: Sequence[str], path: Path) -> int:
    """Write what a function makes of rows to a Parquet file: the columns given, `_part` and `_op`; gives how many.

    Raises:
        DataError: it raised an error, gave a value that does not fit, or nothing in a column of `key`.
    """
    try:
        made = _fitted(function.name, function(rows), given)
    except Raised as error:
        raise DataError(f"`{function.name}`: {error}", hint=WHOLE) from error
    for name in key:
        if made[given.get_field_index(name)].null_count:
            raise DataError(f"`{function.name}` gave a row whose key `{name}` is empty", hint=WHOLE)
    names = [physical(at) for at in range(len(given))]
    table = pa.table([*made, pa.repeat("", len(made[0])), pa.repeat("insert", len(made[0]))], names=[*names, PART, OP])
    pq.write_table(
        table, path, compression="zstd", compression_level=1, use_dictionary=[PART, OP], row_group_size=BATCH_ROWS
    )
    return len(table)


def _fitted(name: str, rows: Given, given: pa.Schema) -> list[pa.Array | pa.ChunkedArray]:
    names = list(rows) if isinstance(rows, dict) else rows.schema.names
    columns = []
    for field in given:
        if names.count(field.name) != 1:
            raise DataError(f"`{name}` gave no column `{field.name}`", hint=f"it gave {', '.join(names)}")
        values, problems = column.fit(rows[field.name], field.type)
        for row, reason in problems.items():
            raise DataError(f"`{name}` gave a row that does not fit, row {row}, `{field.name}`: {reason}", hint=WHOLE)
        columns.append(values)
    return columns
