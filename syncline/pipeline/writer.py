"""Rows written while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from syncline.changes import BATCH_ROWS, OP, PART, RowFile, columns, keys
from syncline.pipeline.work import Work


class Writer:
    """Rows at rest into one Parquet file of a work, in groups of a size that reads well."""

    def __init__(self, work: Work, file: str) -> None:
        fields = [
            pa.field(name, column.type) for name, column in zip(columns(work.model), work.model.schema, strict=True)
        ]
        self._schema = pa.schema([*fields, pa.field(PART, pa.string()), pa.field(OP, pa.string())])
        self._model = work.model
        self._name = work.name(file)
        self._writer: pq.ParquetWriter | None = pq.ParquetWriter(
            work.path(file),
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[PART, OP],
            column_encoding=_encodings(self._schema),
            write_statistics=[*keys(work.model), PART, OP],  # nobody looks for ranges of other columns
        )
        self._failure: BaseException | None = None
        self._waiting: list[pa.Table] = []
        self._rows = self._written = 0

    def add(self, rows: pa.Table) -> None:
        """Take rows in; they are written when there are enough of them."""
        assert self._writer is not None or self._failure is not None
        self._waiting.append(rows.cast(self._schema))
        self._rows += len(rows)
        if self._rows - self._written >= BATCH_ROWS:
            self._flush()

    def _flush(self, *, last: bool = False) -> None:
        """Write what waits. Once that failed, e.g. on a full disk, it fails for the same reason for ever."""
        if self._failure is not None:
            raise self._failure
        if self._writer is None:
            return
        try:
            if self._waiting:
                self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=BATCH_ROWS)
            self._waiting, self._written = [], self._rows
            if last:
                self._writer.close()
        except BaseException as error:
            self._writer.is_open, self._failure = False, error
            raise
        self._writer = None if last else self._writer

    def close(self) -> tuple[RowFile, ...]:
        """The file, if there is anything in it."""
        if self._writer is not None:
            self._flush(last=True)
            pa.default_memory_pool().release_unused()  # the next step wants it for itself
        file = RowFile.of(self._model, self._name, self._rows)
        return (file,) if self._rows else ()


def _encodings(schema: pa.Schema) -> dict[str, str]:
    """Numbers and times by their distances: quicker to write and to read, and smaller."""
    counted = (pa.types.is_integer, pa.types.is_date, pa.types.is_time, pa.types.is_timestamp)
    return {field.name: "DELTA_BINARY_PACKED" for field in schema if any(is_so(field.type) for is_so in counted)}


@contextmanager
def writing(work: Work, file: str) -> Iterator[Writer]:
    """A writer that is closed at the end of the block, however it ends."""
    writer = Writer(work, file)
    try:
        yield writer
    finally:
        writer.close()
