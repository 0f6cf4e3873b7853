"""Parquet: the very rows, with their types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from syncline.export.option import Options


def write(rows: Iterable[pa.RecordBatch], schema: pa.Schema, _options: Options, file: BinaryIO) -> None:
    """Write the rows, compressed with zstd."""
    with pq.ParquetWriter(file, schema, compression="zstd") as parquet:
        for batch in rows:
            parquet.write_batch(batch)
