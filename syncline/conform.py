"""Fits what a source gives to the model: a row arrives as it was, or is rejected by name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from syncline import column
from syncline.errors import ConfigError, DataError
from syncline.model import DataModel, Rejection, Rows

Columns: TypeAlias = dict[str, pa.Array | pa.ChunkedArray]
Problems: TypeAlias = dict[int, list[str]]


@dataclass(frozen=True, slots=True)
class Conformed:
    """What became of the rows of a batch.

    Args:
        rows: those that fit, in their order, with exactly the schema of the model.
        rejected: one for each that does not. Its `key` has the key columns that can be read, all or some; None: none.
        unreadable_key: a key was there but could not be read, so nobody knows which row is meant (R11).
    """

    rows: pa.Table
    rejected: tuple[Rejection, ...] = ()
    unreadable_key: bool = False


def conform(rows: Rows, model: DataModel) -> Conformed:
    """Fit rows to the model, value by value exact or rejected (Invariant 8, R3); other columns are left out.

    Text is read as numbers, dates and so on where the model has these, bytes as text in UTF-8. A timestamp without
    a time zone is UTC where the model has one. A number in a text column becomes its digits, a list or a map
    compact JSON. Nothing is rounded, cut off, or taken for something near.

    Raises:
        ConfigError: a column of the model is in none of the rows.
        DataError: the columns have not the same length.

    Example:
        >>> pets = DataModel("pets", pa.schema({"id": pa.int64(), "born": pa.date32()}), ("id",))
        >>> done = conform([{"id": 1, "born": "2020-02-29"}, {"id": 2, "born": "2021-02-29"}], pets)
        >>> done.rows.to_pylist()
        [{'id': 1, 'born': datetime.date(2020, 2, 29)}]
        >>> done.rejected
        (Rejection(key={'id': 2}, reason="`born`: '2021-02-29' is not a date"),)
    """
    fitted: Columns = {}
    problems: Problems = {}
    unreadable = False
    for field, values in zip(model.schema, _columns(rows, model), strict=True):
        fitted[field.name], misfits = column.fit(values, field.type)
        for index, misfit in misfits.items():
            problems.setdefault(index, []).append(f"`{field.name}`: {misfit}")
        unreadable = unreadable or (field.name in model.key and bool(misfits))
        if field.name in model.key:
            _find_empty(fitted[field.name], field.name, misfits, problems)
    table = _table(fitted, model)
    if not problems:
        return Conformed(table)
    rejected = tuple(_rejection(fitted, index, problems[index], model) for index in sorted(problems))
    kept = pc.invert(pc.is_in(pa.array(range(len(table))), pa.array(list(problems), pa.int64())))
    return Conformed(table.filter(kept), rejected, unreadable)


def _columns(rows: Rows, model: DataModel) -> list[column.Values]:
    names = model.schema.names
    if isinstance(rows, pa.Table | pa.RecordBatch):
        _check_known(rows.schema.names, model)
        return [rows.column(name) for name in names]
    if isinstance(rows, Mapping):
        _check_known(list(rows), model)
        return [rows[name] for name in names]
    if rows:
        _check_known(list(dict.fromkeys(name for row in rows for name in row)), model)
    return [[row.get(name) for row in rows] for name in names]


def _check_known(found: list[str], model: DataModel) -> None:
    for name in model.schema.names:
        if name not in found:
            raise ConfigError(
                f"model {model.name}: the rows have no column `{name}`", hint=f"they have {', '.join(found)}"
            )
        if found.count(name) > 1:
            raise ConfigError(f"model {model.name}: the rows have the column `{name}` twice")


def _find_empty(key: pa.Array | pa.ChunkedArray, name: str, misfits: column.Problems, problems: Problems) -> None:
    """Reject the rows whose key is NULL, and these only (R11)."""
    if key.null_count > len(misfits):
        for index in pc.indices_nonzero(key.is_null()).to_pylist():
            if index not in misfits:
                problems.setdefault(index, []).append(f"the key `{name}` is empty")


def _table(fitted: Columns, model: DataModel) -> pa.Table:
    lengths = {name: len(values) for name, values in fitted.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"model {model.name}: the columns of a batch have not the same length: {lengths}")
    return pa.Table.from_arrays(list(fitted.values()), schema=model.schema)


def _rejection(fitted: Columns, index: int, reasons: list[str], model: DataModel) -> Rejection:
    cells = {name: _cell(fitted[name][index]) for name in model.key}
    return Rejection({name: cell for name, cell in cells.items() if cell is not None} or None, "; ".join(reasons))


def _cell(scalar: pa.Scalar) -> object:
    with suppress(ValueError, ArithmeticError):  # a timestamp in a year that Python has not
        return scalar.as_py()
    return None
