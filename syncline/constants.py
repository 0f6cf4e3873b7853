"""What holds for all rows of a part: attributes that are columns of the model (P2.15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from syncline.conform import conform
from syncline.errors import ConfigError
from syncline.model import JSON, DataModel, Rejection, Rows

_KEY = "\0"


@dataclass(frozen=True, slots=True)
class Constants:
    """Values that stand in every row of a part, by their columns; its source does not know of them."""

    values: Mapping[str, pa.Scalar]

    @classmethod
    def of(cls, attributes: Mapping[str, JSON], model: DataModel) -> Constants:
        """Those of the attributes that are columns of the model.

        Raises:
            ConfigError: one does not fit its column.
        """
        fields = [column for column in model.schema if column.name in attributes]
        if not fields:
            return cls({})
        one = DataModel(model.name, pa.schema([pa.field(_KEY, pa.int64()), *fields]), (_KEY,))
        fitted = conform({_KEY: [0], **{column.name: [attributes[column.name]] for column in fields}}, one)
        if fitted.rejected:
            raise ConfigError(
                f"model {model.name}, an attribute: {fitted.rejected[0].reason}", hint="see `attributes:` in `from:`"
            )
        return cls({column.name: fitted.rows.column(column.name)[0] for column in fields})

    def without(self, model: DataModel) -> DataModel:
        """The model as the source of this part knows it.

        Raises:
            ConfigError: nothing of the key is left.
        """
        if not self.values:
            return model
        key = tuple(column for column in model.key if column not in self.values)
        if not key:
            raise ConfigError(f"model {model.name}: the whole key is attributes", hint="a row needs a name of its own")
        schema = pa.schema([column for column in model.schema if column.name not in self.values])
        return DataModel(model.name, schema, key)

    def own(self, keys: pa.Table) -> pa.Table:
        """Those of some keys that can be of this part, as its source knows them."""
        named = [name for name in self.values if name in keys.column_names]
        for name in named:
            keys = keys.filter(pc.equal(keys.column(name), self.values[name]))
        return keys.drop_columns(named)

    def beside(self, rows: Rows | None) -> Rows | None:
        """Rows of the source with these columns."""
        if not self.values or rows is None:
            return rows
        if isinstance(rows, pa.Table | pa.RecordBatch):
            return self._in_arrow(rows)
        plain: dict[str, Any] = {name: value.as_py() for name, value in self.values.items()}
        if isinstance(rows, Mapping):
            count = len(next(iter(rows.values()), ()))
            return {**rows, **{name: [value] * count for name, value in plain.items()}}
        return [{**row, **plain} for row in rows]

    def _in_arrow(self, rows: pa.Table | pa.RecordBatch) -> pa.Table:
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        table = table.drop_columns([name for name in self.values if name in table.column_names])
        for name, value in self.values.items():
            table = table.append_column(name, pa.repeat(value, len(table)))
        return table

    def named(self, rejected: Sequence[Rejection]) -> tuple[Rejection, ...]:
        """Rejections with these values in their keys."""
        plain = {name: value.as_py() for name, value in self.values.items()}
        return tuple(Rejection(one.key and {**one.key, **plain}, one.reason) if plain else one for one in rejected)
