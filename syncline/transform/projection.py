"""What a filter and fields make of rows: their meaning, their types, and the query that makes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from syncline import datatype
from syncline.changes import physical
from syncline.errors import ConfigError, DataError
from syncline.statement import listed
from syncline.transform.expression import Expression, engine_message, parse, parse_condition

if TYPE_CHECKING:
    from syncline.engine import Engine


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transform is declared, so that messages can say it: file and line of the whole and of each part."""

    model: str
    where: str
    lines: Mapping[str, str]

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Whatever is wrong in here is wrong with this part, e.g. `fields.total`."""
        try:
            yield
        except ConfigError as error:
            said = error.message.removeprefix(f"model {self.model}: ")
            message = f"model {self.model}, `{part}`: {said}"
            raise ConfigError(message, where=self.lines.get(part, self.where), hint=error.hint) from error


@dataclass(frozen=True, slots=True)
class Field:
    """A column that is made: its name, what it is made of, and the type it has."""

    name: str
    expression: Expression
    kind: pa.DataType

    @property
    def sql(self) -> str:
        """The value in the engine, of exactly the type."""
        return f"CAST({self.expression.sql} AS {datatype.engine_name(self.kind)})"


@dataclass(frozen=True, slots=True)
class Projection:
    """A filter and fields over rows of some columns.

    Args:
        source: the columns of the rows that are looked at, c0, c1, … at rest.
        fields: the columns that are made, in order.
        filter: the condition on a row to be kept; None: all are.
    """

    source: pa.Schema
    fields: tuple[Field, ...]
    filter: Expression | None = None

    @property
    def schema(self) -> pa.Schema:
        """The columns that are made."""
        return pa.schema([pa.field(field.name, field.kind) for field in self.fields])

    @property
    def aggregates(self) -> bool:
        """Rows are made of several."""
        return any(field.expression.aggregates for field in self.fields)

    @property
    def condition(self) -> str:
        """Whether a row is kept."""
        return "true" if self.filter is None else f"coalesce({self.filter.sql}, false)"

    def carried(self, column: str) -> str:
        """The column made that is this one of the source, unchanged; empty: there is none."""
        return next((field.name for field in self.fields if field.expression.column == column), "")


def project(
    engine: Engine, source: pa.Schema, condition: str, fields: Mapping[str, str], place: Place, *, row_wise: bool = True
) -> Projection:
    """What a filter and fields mean over rows of `source`; no fields: the columns as they are.

    Raises:
        ConfigError: one of them cannot be understood, or gives values of a type that is not supported.
    """
    empty = _empty(source)
    kept = _filter(engine, source, condition, place) if condition else None
    made = []
    for name, text in fields.items():
        with place.of(f"fields.{name}"):
            expression = parse(engine, text, source.names, row_wise=row_wise)
            kind = _kind(engine, expression, source, empty)
            made.append(Field(name, expression, kind))
    return Projection(source, tuple(made) or _as_they_are(source), kept)


def _as_they_are(source: pa.Schema) -> tuple[Field, ...]:
    columns = enumerate(source)
    return tuple(Field(field.name, Expression(physical(at), field.name), field.type) for at, field in columns)


def _filter(engine: Engine, source: pa.Schema, condition: str, place: Place) -> Expression:
    with place.of("filter"):
        expression = parse_condition(engine, condition, source.names)
        found = _described(engine, expression, source, _empty(source))
        if found not in {"BOOLEAN", '"NULL"'}:
            raise ConfigError(f"it gives {found}, not true or false", hint="a condition, as in `total > 0`")
    return expression


def _kind(engine: Engine, expression: Expression, source: pa.Schema, empty: str) -> pa.DataType:
    if expression.column:
        return source.field(expression.column).type
    return datatype.from_engine(_described(engine, expression, source, empty))


def _described(engine: Engine, expression: Expression, source: pa.Schema, empty: str) -> str:
    """The engine's name of the type that an expression gives."""
    try:
        return str(engine.rows(f"DESCRIBE SELECT {expression.sql} AS made FROM ({empty})")[0][1])
    except DataError as error:
        raise ConfigError(engine_message(error, source.names)) from error


def _empty(source: pa.Schema) -> str:
    nothing = [f"NULL::{datatype.engine_name(field.type)} AS {physical(at)}" for at, field in enumerate(source)]
    return f"SELECT {listed(nothing)} WHERE false"


def renamed(key: Sequence[str], projection: Projection) -> tuple[str, ...]:
    """The key as the rows made have it, under its new names (R15).

    Raises:
        ConfigError: a column of it is not carried unchanged, so only a person can say what names the rows made.
    """
    for column in key:
        if not projection.carried(column):
            made = ", ".join(projection.schema.names)
            hint = f"say what names them: `to: {{key: [ … ]}}`; they have {made}"
            raise ConfigError(f"the rows made have no column that is the key `{column}` unchanged", hint=hint)
    return tuple(projection.carried(column) for column in key)
