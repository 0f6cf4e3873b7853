"""A function of the user's: what it wants, and what it gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, get_type_hints

import pyarrow as pa

from syncline import datatype
from syncline.errors import ConfigError, DataError
from syncline.model import DataModel
from syncline.transform import module
from syncline.transform.frame import Columns, from_frame, to_frame

Given: TypeAlias = "pa.Table | Columns"
_FORMS = "`pa.Table -> pa.Table`, or `pd.DataFrame -> pd.DataFrame`"


class Raised(Exception):
    """The function itself raised an error; this tells it from what we find wrong with its result."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"the function raised {module.told(error)}")
        self.__cause__ = error


@dataclass(frozen=True, slots=True)
class Function:
    """A function on rows, and how it wants them: as pa.Table, pa.RecordBatch or pd.DataFrame."""

    name: str
    call: Callable[[Any], Any]
    form: str

    @classmethod
    def find(cls, name: str, folder: Path | None) -> Function:
        """The function `module:function`; the annotation of its one parameter decides how it is given rows.

        Raises:
            ConfigError: there is none, or its annotation is another one.
        """
        call = module.function(name, folder)
        parameters = _parameters(call)
        needed = [one.name for one in parameters if one.default is one.empty]
        if not parameters or len(needed) > 1:
            raise ConfigError(f"`{name}` takes {len(needed)} things, not rows alone", hint=f"write it as {_FORMS}")
        hints = _hints(name, call)
        form, gives = (_form(hints.get(part)) for part in (parameters[0].name, "return"))
        if not form or ("return" in hints and not gives):
            raise ConfigError(f"`{name}` does not say that it takes and gives rows", hint=f"annotate it as {_FORMS}")
        return cls(name, call, form)

    def __call__(self, rows: pa.Table) -> Given:
        """What it makes of rows.

        Raises:
            Raised: it raised an error.
            DataError: what it gives are no rows.
        """
        rows_as = {"Table": _as_is, "RecordBatch": _batch, "DataFrame": to_frame}
        try:
            result = self.call(rows_as[self.form](rows))
        except (Exception, SystemExit) as error:  # whatever it raises; and it ends no program of ours
            raise Raised(error) from error
        form = _form(type(result))
        if form == "DataFrame":
            return from_frame(result)
        if not form:
            raise DataError(f"`{self.name}` gave a {type(result).__name__}, not rows", hint=f"write it as {_FORMS}")
        return pa.Table.from_batches([result]) if form == "RecordBatch" else result

    def gives(self, model: DataModel) -> pa.Schema:
        """The columns it gives, as far as a table without rows tells them.

        Raises:
            ConfigError: it does not.
        """
        try:
            given = self(model.schema.empty_table())
        except (Raised, DataError) as error:
            message = f"`{self.name}` was given a table without rows, to see its columns: {error}"
            raise ConfigError(message, hint="let it take one, or say what it gives: `to: {columns: …}`") from error
        kinds = _kinds(given)
        known = {name: "?" if pa.types.is_null(kind) else _word(name, kind) for name, kind in kinds.items()}
        for name, word in known.items():
            if word == "?":
                told = ", ".join(f"{one}: {other}" for one, other in known.items())
                message = f"a table without rows does not tell the type of `{name}`, which `{self.name}` gives"
                raise ConfigError(message, hint=f"say it: `to: {{columns: {{{told}}}}}`")
        return pa.schema({name: datatype.plain(kind) for name, kind in kinds.items()})


def _word(column: str, kind: pa.DataType) -> str:
    try:
        return datatype.name(datatype.plain(kind))
    except ConfigError as error:
        raise ConfigError(f"column `{column}`: {error.message}", hint=error.hint) from error


def _kinds(given: Given) -> dict[str, pa.DataType]:
    if isinstance(given, Mapping):
        return {name: getattr(values, "type", pa.null()) for name, values in given.items()}
    names = given.schema.names
    if doubled := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"the rows have the column `{doubled[0]}` twice")
    return dict(zip(names, given.schema.types, strict=True))


def _as_is(rows: pa.Table) -> pa.Table:
    return rows


def _batch(rows: pa.Table) -> pa.RecordBatch:
    arrays = [column.combine_chunks() for column in rows.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=rows.schema)


def _parameters(call: Callable[[Any], Any]) -> list[inspect.Parameter]:
    """What it can be given by place."""
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [one for one in inspect.signature(call).parameters.values() if one.kind in by_place]


def _hints(name: str, call: Callable[[Any], Any]) -> dict[str, Any]:
    try:
        return get_type_hints(call)
    except NameError as error:
        hint = "import it at the top of the file, not under `if TYPE_CHECKING:`"
        raise ConfigError(f"an annotation of `{name}` cannot be understood: {error}", hint=hint) from error


def _form(hint: Any) -> str:
    """Which form of rows an annotation or a type means; empty: none."""
    if hint in (pa.Table, pa.RecordBatch):
        return str(hint.__name__)
    is_frame = getattr(hint, "__name__", "") == "DataFrame" and hint.__module__.partition(".")[0] == "pandas"
    return "DataFrame" if is_frame else ""
