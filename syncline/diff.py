"""Two versions of a model's rows -> what changed between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from syncline import datatype
from syncline import engine as engines
from syncline.changes import OP, PART, STALE, Difference, Operation, columns, keys, physical
from syncline.engine import Engine
from syncline.errors import DataError
from syncline.model import DataModel
from syncline.statement import listed, literal

CHANGES = "changes"
"""The engine's table of what changed: `_op`, the rows after (c0…), and before (b0…)."""
SLICE_ROWS = 100_000
_SAMPLES = 100


def compare(
    engine: Engine,
    model: DataModel,
    before: str,
    after: str,
    *,
    absent: str = "true",
    same: str = "false",
    slices: Sequence[str] = ("true",),
    parts: bool = True,
) -> Difference:
    """Fill the engine's table `changes` with what leads from `before` to `after`, both queries over c0…cn and `_part`.

    Each key stands at most once on either side. Values are compared exactly: NULL equals NULL, NaN equals NaN,
    and 0.0 differs from -0.0. A row of `before` that is `_stale` differs from any.

    `absent` is a condition on a row `b` of `before` that `after` lacks: only then it counts as deleted (R7). `same`
    is a condition under which a row counts as updated although nothing differs. `slices` are conditions on the key
    that share the rows among them; they are compared one after another. Without `parts` it does not matter which part
    a row comes from.
    """
    first, on = keys(model)[0], listed([f"a.{key} = b.{key}" for key in keys(model)], " AND ")
    both = [*columns(model), PART]
    shown = [f"CASE WHEN a.{first} IS NULL THEN b.{column} ELSE a.{column} END AS {column}" for column in both]
    previous = [f"b.{column} AS b{column}" for column in both]
    operation = f"CASE WHEN b.{first} IS NULL THEN 'insert' WHEN a.{first} IS NULL THEN 'delete' ELSE 'update' END"
    apart = f"{same} OR b.{STALE} > 0 OR {differs(model, parts=parts)}"
    for number, part in enumerate(slices):
        left, right = (f"(SELECT * FROM ({rows}) WHERE {part})" for rows in (after, before))
        found = (
            f"SELECT {listed(shown)}, {operation} AS {OP}, {listed(previous)} "
            f"FROM {left} a FULL JOIN {right} b ON {on} "
            f"WHERE b.{first} IS NULL OR CASE WHEN a.{first} IS NULL THEN {absent} ELSE {apart} END"
        )
        engine.run(f"INSERT INTO {CHANGES} {found}" if number else f"CREATE OR REPLACE TEMP TABLE {CHANGES} AS {found}")
    return counted(engine)


def moved(engine: Engine, model: DataModel) -> int:
    """How many of the updated rows in the table `changes` are the same as before, but come from another part."""
    before = listed([f"a.b{column} AS {column}" for column in columns(model)])
    alike = f"{OP} = 'update' AND NOT {differs(model, parts=False)}"
    return engine.number(f"SELECT count(*) FROM {CHANGES} a, (SELECT {before}) b WHERE {alike}")


def sliced(engine: Engine, model: DataModel, before: str, rows: int) -> list[str]:
    """Conditions that cut the keys of `before` into ranges of about SLICE_ROWS rows.

    Where both sides lie in the order of the key, each range reads its own rows only, so a comparison takes the memory
    of one slice whatever there is, and less time than a whole one.

    Example:
        >>> from syncline.engine import opened
        >>> model = DataModel("pets", pa.schema({"id": pa.int64()}), ("id",))
        >>> with opened() as engine:
        ...     sliced(engine, model, "SELECT range AS c0 FROM range(10)", 10)
        ['true']
    """
    count = rows // SLICE_ROWS
    if count < 2:  # noqa: PLR2004 - one slice is no slice
        return ["true"]
    key, kind = keys(model)[0], datatype.engine_name(model.schema.field(model.key[0]).type)
    sample = f"SELECT {key} FROM ({before}) USING SAMPLE reservoir({count * _SAMPLES} ROWS) REPEATABLE (1)"
    ranked = f"SELECT {key}, row_number() OVER (ORDER BY {key}) AS _at FROM ({sample})"
    edges = engine.rows(f"SELECT DISTINCT {key}::VARCHAR, {key} FROM ({ranked}) WHERE _at % {_SAMPLES} = 0 ORDER BY 2")
    bounds = [f"{literal(edge)}::{kind}" for edge, _ in edges]
    lower = ["true", *(f"{key} >= {bound}" for bound in bounds)]
    upper = [*(f"{key} < {bound}" for bound in bounds), "true"]
    return [f"{low} AND {high}" for low, high in zip(lower, upper, strict=True)]


def differs(model: DataModel, left: str = "a", right: str = "b", *, parts: bool = True) -> str:
    """A condition: two rows are not exactly alike, or come from different parts where these count."""
    compared = [*columns(model), PART] if parts else columns(model)
    apart = [f"{left}.{column} IS DISTINCT FROM {right}.{column}" for column in compared]
    for index, field in enumerate(model.schema):
        if pa.types.is_floating(field.type):
            sign = f"signbit({{0}}.{physical(index)}) AND {{0}}.{physical(index)} = 0"
            apart.append(f"({sign.format(left)}) IS DISTINCT FROM ({sign.format(right)})")
    return "(" + listed(apart, " OR ") + ")"


def counted(engine: Engine) -> Difference:
    """How many rows of each operation stand in the table `changes`."""
    counts = dict(engine.rows(f"SELECT {OP}, count(*) FROM {CHANGES} GROUP BY {OP}"))
    return Difference(counts.get("insert", 0), counts.get("update", 0), counts.get("delete", 0))


def write(engine: Engine, model: DataModel, after: Path, before: Path) -> None:
    """Write the table `changes`: rows after (of deleted ones, before) to one file, updated rows before to another."""
    order = listed(keys(model))
    shown = listed([*columns(model), PART, OP])
    engine.write(f"SELECT {shown} FROM {CHANGES} ORDER BY {OP}, {order}", after)
    previous = listed([f"b{column} AS {column}" for column in [*columns(model), PART]])
    engine.write(f"SELECT {previous}, {OP} FROM {CHANGES} WHERE {OP} = 'update' ORDER BY {order}", before)


def diff(before: pa.Table, after: pa.Table, model: DataModel) -> dict[Operation, pa.Table]:
    """What leads from one table to the other: the rows inserted, updated (as they are after) and deleted (before).

    Raises:
        DataError: a key stands twice, or is NULL.

    Example:
        >>> model = DataModel("pets", pa.schema({"id": pa.int64(), "name": pa.string()}), ("id",))
        >>> was = pa.table({"id": [1, 2], "name": ["Rex", "Tom"]})
        >>> now = pa.table({"id": [2, 3], "name": ["Tim", "Kit"]})
        >>> {kind: rows.to_pylist() for kind, rows in diff(was, now, model).items()}["update"]
        [{'id': 2, 'name': 'Tim'}]
    """
    with engines.opened() as engine:
        engine.register("was", _at_rest(before, model))
        engine.register("now", _at_rest(after, model))
        compare(engine, model, "SELECT * FROM was", "SELECT * FROM now")
        return {kind: _named(engine, model, kind) for kind in ("insert", "update", "delete")}


def merge(before: pa.Table, upserts: pa.Table, deleted: pa.Table, model: DataModel) -> pa.Table:
    """What `before` becomes once `upserts` are laid over it and `deleted` taken out. Order is not kept.

    Rows are named by the model's key; `deleted` needs the key columns only. Merging the same changes again
    changes nothing, which is why a load may be repeated.

    Raises:
        DataError: a key stands twice, or is NULL.

    Example:
        >>> model = DataModel("pets", pa.schema({"id": pa.int64(), "name": pa.string()}), ("id",))
        >>> was = pa.table({"id": [1, 2], "name": ["Rex", "Tom"]})
        >>> merge(was, pa.table({"id": [2], "name": ["Tim"]}), pa.table({"id": [1]}), model).to_pylist()
        [{'id': 2, 'name': 'Tim'}]
    """
    rows, laid = _at_rest(before, model), _at_rest(upserts, model)
    gone = deleted.select(list(model.key)).cast(model.key_schema).rename_columns(keys(model))
    _require_unique(gone, keys(model))
    kept = rows.join(laid.select(keys(model)), keys(model), join_type="left anti")
    kept = pa.concat_tables([kept.select(laid.column_names), laid]).join(gone, keys(model), join_type="left anti")
    return kept.select(columns(model)).rename_columns(model.schema.names).cast(model.schema)


def _at_rest(rows: pa.Table, model: DataModel) -> pa.Table:
    table = rows.select(model.schema.names).cast(model.schema).rename_columns(columns(model))
    _require_unique(table, keys(model))
    beside = {PART: pa.repeat("", len(table)), STALE: pa.repeat(0, len(table))}
    return pa.table({**dict(zip(table.column_names, table.columns, strict=True)), **beside})


def _require_unique(table: pa.Table, key: Sequence[str]) -> None:
    if any(table.column(column).null_count for column in key):
        raise DataError("a key is NULL", hint="every row needs one")
    alone = table.select(list(key)).group_by(list(key)).aggregate([([], "count_all")])
    if len(alone) < len(table):
        doubled = alone.filter(pc.greater(alone.column("count_all"), 1)).select(list(key)).slice(0, 1).to_pylist()
        raise DataError(f"the key {list(doubled[0].values())} stands twice", hint="a key names one row")


def _named(engine: Engine, model: DataModel, operation: Operation) -> pa.Table:
    table = engine.table(
        f"SELECT {listed(columns(model))} FROM {CHANGES} WHERE {OP} = '{operation}' ORDER BY {listed(keys(model))}"
    )
    return table.rename_columns(model.schema.names).cast(model.schema)
