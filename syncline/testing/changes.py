"""Changesets made by hand, to try a destination with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from syncline.changes import OP, Changeset, physical
from syncline.model import DataModel

Row = Mapping[str, Any]


def changeset(
    model: DataModel,
    folder: Path,
    *,
    inserts: Sequence[Row] = (),
    updates: Sequence[tuple[Row, Row]] = (),
    deletes: Sequence[Row] = (),
) -> Changeset:
    """The changeset that inserts and deletes these rows, and updates the first of each pair to the second.

    Its files are written to `folder`, over those of an earlier call.

    Example:
        >>> import tempfile
        >>> pets = DataModel("pets", pa.schema({"id": pa.int64(), "name": pa.string()}), ("id",))
        >>> made = changeset(pets, Path(tempfile.mkdtemp()), inserts=[{"id": 1, "name": "Rex"}], deletes=[{"id": 2}])
        >>> len(made), [batch.to_pylist() for batch in made.deletes()]
        (2, [[{'id': 2}]])
    """
    after = [
        *(("insert", row) for row in inserts),
        *(("update", row) for _, row in updates),
        *(("delete", row) for row in deletes),
    ]
    before = [("update", row) for row, _ in updates]
    return Changeset(
        model,
        (_written(model, folder / "after.parquet", after),) if after else (),
        (_written(model, folder / "before.parquet", before),) if before else (),
        inserted=len(inserts),
        updated=len(updates),
        deleted=len(deletes),
    )


def _written(model: DataModel, path: Path, rows: Sequence[tuple[str, Row]]) -> Path:
    columns = {
        physical(place): pa.array([row.get(field.name) for _, row in rows], field.type)
        for place, field in enumerate(model.schema)
    }
    pq.write_table(pa.table({**columns, OP: pa.array([operation for operation, _ in rows], pa.string())}), path)
    return path
