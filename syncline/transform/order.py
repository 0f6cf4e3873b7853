"""The order of things: the filter sees the source, the function what is left, the fields what the function gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from syncline.changes import BATCH_ROWS, PART, columns, keys, physical
from syncline.engine import Engine, opened
from syncline.errors import ConfigError, DataError
from syncline.model import DataModel
from syncline.statement import listed, literal
from syncline.transform import whole
from syncline.transform.calling import KEEP, Calling, not_kept
from syncline.transform.function import Function
from syncline.transform.making import Made, Making
from syncline.transform.projection import Place, Projection, project, renamed

if TYPE_CHECKING:
    from syncline.transform.declared import Transform


def made(transform: Transform, model: DataModel) -> DataModel:
    """What rows of a model become.

    Raises:
        ConfigError: a part of the transform cannot be understood.
    """
    place = _place(transform, model)
    with opened() as engine:
        if transform.function:
            project(engine, model.schema, transform.filter, {}, place)
            projection = _fields(engine, transform, _given(transform, model), place)
        else:
            projection = _at_once(engine, transform, model)
    with place.of("to.key" if transform.key else "fields"):
        return DataModel(model.name, projection.schema, transform.key or renamed(model.key, projection))


def make(transform: Transform, engine: Engine, query: str, model: DataModel, made: DataModel, path: Path) -> Made:
    """Write what becomes of the rows of a query."""
    key = keys(model) if transform.scope == "row" else []
    if not transform.function:
        return Making(engine, query, _at_once(engine, transform, model), key, model, made).write(path)
    if not transform.fields:
        return _called(transform, engine, query, model, made.key, path)
    between = path.with_name(f"{path.stem}-function.parquet")
    try:
        called = _called(transform, engine, query, model, (), between)
        given = _given(transform, model)
        projection = _fields(engine, transform, given, _place(transform, model))
        key = [physical(len(given) + at) for at in range(len(key))]
        rows = f"SELECT * FROM read_parquet({literal(between)})"
        done = Making(engine, rows, projection, key, model, made).write(path)
    finally:
        between.unlink(missing_ok=True)
    return replace(done, rejections=(*called.rejections, *done.rejections))


def _called(transform: Transform, engine: Engine, query: str, model: DataModel, key: Sequence[str], path: Path) -> Made:
    """Write what the function makes of the rows that the filter leaves; columns of `key` must not be empty in it."""
    place = _place(transform, model)
    with place.of("transform"):
        function = Function.find(transform.function, transform.folder)
    given = _given(transform, model)
    filtered = Making(
        engine, query, project(engine, model.schema, transform.filter, {}, place), keys(model), model, model
    )
    rejections = filtered.failures() if transform.filter else ()
    if transform.scope == "model":
        if rejections:
            raise DataError(f"model {model.name}: {rejections[0].reason}", hint=whole.WHOLE)
        rows = engine.table(f"SELECT {listed(columns(model))} FROM ({filtered.kept()}) ORDER BY {listed(keys(model))}")
        rows = rows.rename_columns(model.schema.names).cast(model.schema)
        return Made(whole.write(function, rows, given, key, path))
    calling = Calling(function, model, DataModel(model.name, given, model.key), key)
    rows = engine.batches(f"SELECT {listed([*columns(model), PART])} FROM ({filtered.kept()})", BATCH_ROWS)
    return Made(calling.write(rows, path), (*rejections, *calling.rejections))


def _given(transform: Transform, model: DataModel) -> pa.Schema:
    """The columns that the function gives.

    Raises:
        ConfigError: there is no such function, it does not tell, or it does not keep the key (R14).
    """
    with _place(transform, model).of("transform"):
        function = Function.find(transform.function, transform.folder)
        given = transform.columns if transform.columns is not None else function.gives(model)
        if transform.scope == "model":
            return given
        for column in model.key:
            if column not in given.names:
                raise ConfigError(not_kept(function.name, column, given.names), hint=KEEP)
        kept = {field.name: field.type for field in model.key_schema}
        return pa.schema([(field.name, kept.get(field.name, field.type)) for field in given])


def _at_once(engine: Engine, transform: Transform, model: DataModel) -> Projection:
    row_wise = transform.scope == "row"
    place = _place(transform, model)
    return project(engine, model.schema, transform.filter, transform.fields, place, row_wise=row_wise)


def _fields(engine: Engine, transform: Transform, given: pa.Schema, place: Place) -> Projection:
    return project(engine, given, "", transform.fields, place, row_wise=transform.scope == "row")


def _place(transform: Transform, model: DataModel) -> Place:
    return Place(model.name, transform.where, transform.lines)
