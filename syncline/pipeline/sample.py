"""Sample: some rows before and after the transform, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from syncline import snapshot
from syncline.changes import PART, STALE, columns, keys
from syncline.engine import Engine, opened
from syncline.model import DataModel
from syncline.pipeline.work import Work
from syncline.snapshot import Layers
from syncline.statement import listed

Row: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sampled:
    """A row of the source and what is made of it: one row, several, none; or why nothing can be.

    Where rows are made of all rows together, those made stand by themselves: they have no `before`.
    """

    before: Row | None
    after: tuple[Row, ...] = ()
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows in the order of the key; `together`: rows are made of all rows together."""

    key: tuple[str, ...]
    rows: tuple[Sampled, ...] = ()
    together: bool = False


def sample(work: Work, source: Layers, count: int) -> Sample:
    """What becomes of the first `count` rows that the source has.

    Raises:
        ConfigError: the transform cannot be carried out.
        DataError: it fails as a whole.
    """
    with opened(work.storage.root) as engine:
        now = snapshot.relation(source, work.model, work.storage.path)
        shown, order = listed([*columns(work.model), PART]), listed(keys(work.model))
        rows = f"SELECT {shown} FROM ({now}) WHERE {STALE} < 2"
        first = engine.table(f"{rows} ORDER BY {order} LIMIT {count}")
        before = _named(first, work.model)
        if not work.is_transformed:
            return Sample(work.model.key, tuple(Sampled(row, (row,)) for row in before))
        if work.is_whole:
            made = _made(engine, work, rows)[0][:count]
            return Sample(
                work.model.key,
                (*(Sampled(row) for row in before), *(Sampled(None, (row,)) for row in made)),
                together=True,
            )
        engine.register("sample", first)
        return Sample(work.model.key, tuple(_each(engine, work, before)))


def _each(engine: Engine, work: Work, before: list[Row]) -> list[Sampled]:
    made, sources, rejected = _made(engine, work, "SELECT * FROM sample")
    after: dict[str, list[Row]] = {}
    for row, source in zip(made, sources, strict=True):
        after.setdefault(repr(list(source.values())), []).append(row)
    names = [repr([row[column] for column in work.model.key]) for row in before]
    return [
        Sampled(row, tuple(after.get(name, ())), rejected.get(name, ""))
        for row, name in zip(before, names, strict=True)
    ]


def _made(engine: Engine, work: Work, query: str) -> tuple[list[Row], list[Row], dict[str, str]]:
    """The rows made, the keys of those they are made of, and why there are none of others."""
    path = work.path("sample.parquet")
    done = work.sync.transform.make(engine, query, work.model, work.made, path)
    found = pq.read_table(path)
    at = len(work.made.schema)
    sources = found.select(range(at, at + len(work.model.key))) if not work.is_whole else found.select([])
    keyed = sources.rename_columns(list(work.model.key)).cast(work.model.key_schema) if not work.is_whole else sources
    reasons = {repr(list((one.key or {}).values())): one.reason for one in done.rejections}
    return _named(found, work.made), keyed.to_pylist(), reasons


def _named(rows: pa.Table, model: DataModel) -> list[Row]:
    found: list[Row] = (
        rows.select(range(len(model.schema))).rename_columns(model.schema.names).cast(model.schema).to_pylist()
    )
    return found
