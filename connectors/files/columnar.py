"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from syncline import DataError

_ROOM = 64 << 20
"""Bytes of rows at a time."""


class Columnar:
    """How a Parquet file is read: it says everything itself."""

    def schema(self, path: Path) -> pa.Schema:
        """The columns of the file; nested ones are text, for they are kept as JSON."""
        found = parquet.read_schema(path)
        return pa.schema([(field.name, _kind(field.type)) for field in found])

    def read(self, path: Path, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        """The rows, with the columns of these names that the file has.

        Raises:
            DataError: it has fewer rows than it says.
        """
        with parquet.ParquetFile(path) as file:
            wanted = [name for name in file.schema_arrow.names if name in columns]
            seen = 0
            for batch in file.iter_batches(_few(file.metadata, size), columns=wanted):
                seen += batch.num_rows
                yield batch
            if seen != file.metadata.num_rows:
                raise DataError(f"{seen} of {file.metadata.num_rows} rows could be read", where=str(path))


def _few(file: parquet.FileMetaData, size: int) -> int:
    """So many rows at a time, or fewer where they are long."""
    groups = [file.row_group(number) for number in range(file.num_row_groups)]
    longest = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=0)
    return max(min(size, int(_ROOM / max(longest, 1))), 1)


def _kind(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_nested(kind) else kind
