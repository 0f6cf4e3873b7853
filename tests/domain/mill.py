"""Rows that go through a transform, as they lie at rest, and what comes out under its names."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from syncline.changes import PART, columns
from syncline.engine import opened
from syncline.model import DataModel
from syncline.transform import Transform

PETS = DataModel("PETS", pa.schema({"Id": pa.int64(), "name": pa.string(), "price": pa.decimal128(12, 2)}), ("Id",))
TYPING = "import pandas as pd\nimport pyarrow as pa\nimport pyarrow.compute as pc\n"


@dataclass(frozen=True)
class Milled:
    """What came out: the model, its rows, the keys of their source rows, and the reasons of the rejected by key."""

    model: DataModel
    table: pa.Table
    sources: list[tuple[object, ...]]
    parts: list[str]
    rejected: dict[object, str]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return sorted(self.table.to_pylist(), key=repr)


def mill(transform: Transform, rows: pa.Table, model: DataModel = PETS, part: str = "p") -> Milled:
    """What becomes of rows; that the file has the form that was agreed upon is looked at each time."""
    made = transform.made(model)
    at_rest = rows.cast(model.schema).rename_columns(columns(model)).append_column(PART, pa.repeat(part, len(rows)))
    with tempfile.TemporaryDirectory() as place, opened(Path(place)) as engine:
        engine.register("incoming", at_rest)
        done = transform.make(engine, "SELECT *, 1 AS beside FROM incoming", model, made, Path(place) / "made.parquet")
        found = pq.read_table(Path(place) / "made.parquet")
    assert done.rows == len(found)
    source = () if transform.scope == "model" else model.key
    names = [*columns(made), *(f"c{len(made.schema) + at}" for at in range(len(source))), PART, "_op"]
    assert found.column_names == names
    assert set(found["_op"].to_pylist()) <= {"insert"}
    key = found.select(names[len(made.schema) : -2]).rename_columns(list(source))
    if source:
        key = key.cast(model.key_schema)
    rejected = {tuple(one.key.values()) if one.key else None: one.reason for one in done.rejections}
    assert len(rejected) == len(done.rejections), "a row is rejected twice"
    return Milled(
        made,
        found.select(columns(made)).rename_columns(made.schema.names).cast(made.schema),
        list(map(tuple, (row.values() for row in key.to_pylist()))) if source else [],
        found[PART].to_pylist(),
        {key[0] if isinstance(key, tuple) and len(key) == 1 else key: reason for key, reason in rejected.items()},
    )


def pets(*names: str | None, **more: Mapping[str, object]) -> pa.Table:
    """Pets called so, numbered from 0, at a price of 1.50 each."""
    size = len(names)
    return pa.table({"Id": range(size), "name": pa.array(names, pa.string()), "price": ["1.50"] * size})


def write(folder: Path, text: str, module: str = "shop") -> Path:
    """A module of the user's."""
    path = folder.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TYPING + dedent(text))
    return path
