"""What a model declares about its rows: which are sent, and what becomes of them on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from syncline import datatype
from syncline.model import JSON, DataModel

if TYPE_CHECKING:
    from syncline.engine import Engine
    from syncline.transform.making import Made


@dataclass(frozen=True, slots=True)
class Transform:
    """What becomes of the rows of a model before they are sent: a filter, then a function, then fields (R13 to R16).

    Args:
        filter: a condition over the columns of the source; rows for which it is not true are not sent.
        fields: column -> expression, in order: the whole row that is sent; empty: all columns as they are.
        function: `module:function`.
        scope: `row`: what is made of a row is a matter of this row alone; `model`: of all rows together (R14).
        version: what the author says, to make everything anew though neither file nor settings changed.
        key: what names the rows made; empty: the key of the source, plainly renamed (R15).
        columns: what a function gives, where a table without rows does not tell.
        folder: where modules of functions are looked for first: the workspace.
        where: file and line it was declared in, for messages.
        lines: the same for each part, e.g. `fields.total`.
    """

    filter: str = ""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    function: str = ""
    scope: Literal["row", "model"] = "row"
    version: str = ""
    key: tuple[str, ...] = ()
    columns: pa.Schema | None = None
    folder: Path | None = None
    where: str = ""
    lines: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_identity(self) -> bool:
        """Rows go through as they are."""
        return not (self.filter or self.fields or self.function or self.key)

    def fingerprint(self) -> JSON:
        """What tells this transform from others: when it changes, the rows are made anew (R5).

        Raises:
            ConfigError: there is no module of the function's name.

        Example:
            >>> Transform().fingerprint()
            {}
            >>> Transform(filter="id > 1", version="2").fingerprint()
            {'filter': 'id > 1', 'version': '2'}
        """
        columns = [[column.name, datatype.name(column.type)] for column in self.columns or ()]
        parts: dict[str, JSON] = {
            "filter": self.filter,
            "fields": [[name, text] for name, text in self.fields.items()],
            "function": self.function,
            "module": self._digest(),
            "scope": "" if self.scope == "row" else self.scope,
            "version": self.version,
            "key": list(self.key),
            "columns": columns,  # type: ignore[dict-item] # a list of lists of texts is JSON
        }
        return {name: part for name, part in parts.items() if part}

    def _digest(self) -> str:
        from syncline.transform import module  # noqa: PLC0415

        name = self.function.partition(":")[0]
        return module.digest(module.located(name, self.folder)) if name else ""

    def made(self, model: DataModel) -> DataModel:
        """What the rows of a model become: a model of the same name with the columns and the key of the rows made.

        Raises:
            ConfigError: a part of the transform cannot be understood; says file, line, part and the known columns.
        """
        if self.is_identity:
            return model
        from syncline.transform import order  # noqa: PLC0415 - the engine is half of a start

        return order.made(self, model)

    def make(self, engine: Engine, query: str, model: DataModel, made: DataModel, path: Path) -> Made:
        """Write what becomes of the rows of `query` to a Parquet file.

        The query gives rows at rest: c0, c1, … of `model` and `_part`; its other columns are not looked at. The file
        has c0, c1, … of `made`, which `made(model)` gave; after them, unless rows are made of all rows together, the
        key of the source row (as in `model.key_schema`); then `_part`, and `_op`, which is `insert`.

        Raises:
            DataError: nothing can be made, e.g. a function gives rows that belong to no row of the source.
        """
        from syncline.transform import order  # noqa: PLC0415

        return order.make(self, engine, query, model, made, path)
