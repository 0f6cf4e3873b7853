"""Transforms made of Python, to try the rules on: what becomes of a row is a function of its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from syncline.changes import OP, PART, columns, physical
from syncline.engine import Engine
from syncline.model import JSON, DataModel, Rejection
from syncline.transform import Made, Transform

Row = dict[str, Any]
MADE = pa.schema({"code": pa.string(), "value": pa.int64()})


@dataclass(frozen=True)
class Recipe(Transform):
    """A transform that makes rows of `code` and `value` of a row of `id` and `value`; what raises is rejected."""

    name: str = ""
    make_of: Callable[[Row], list[Row]] = lambda row: [row]

    @property
    def is_identity(self) -> bool:
        return False

    def fingerprint(self) -> JSON:
        return self.name

    def made(self, model: DataModel) -> DataModel:
        return DataModel(model.name, MADE, ("code",))

    def make(self, engine: Engine, query: str, model: DataModel, made: DataModel, path: Path) -> Made:
        rows: list[Row] = []
        rejections = []
        found = engine.table(query)
        named = found.select(columns(model)).rename_columns(model.schema.names).to_pylist()
        for row, part in zip(named, found.column(PART).to_pylist(), strict=True):
            key = {column: row[column] for column in model.key}
            try:
                rows += [
                    {**one, **{f"source {name}": key[name] for name in key}, PART: part} for one in self.make_of(row)
                ]
            except ValueError as error:
                rejections.append(Rejection(key, str(error)))
        hidden = [pa.field(f"source {field.name}", field.type) for field in model.key_schema]
        schema = pa.schema([*made.schema, *hidden, pa.field(PART, pa.string())])
        table = pa.Table.from_pylist(rows, schema=schema).append_column(OP, pa.repeat("insert", len(rows)))
        count = len(made.schema) + len(hidden)
        pq.write_table(table.rename_columns([*(physical(i) for i in range(count)), PART, OP]), path)
        return Made(len(rows), tuple(rejections))
