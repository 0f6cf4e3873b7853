"""What the functions of an expression are: only those that always give the same for the same row may be called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncline.engine import Engine
from syncline.errors import ConfigError

_NOW = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
"""Words without brackets that give the time of day."""
_CALL = re.compile(r'\b(\w+)"?\(')
_KNOWN: dict[str, list[Any]] = {}
_VOLATILE, _QUERY = "volatile", "query"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The functions that an expression calls, by name: each with the kinds that the engine says it is of.

    A macro is of the kinds of all that it is made of.
    """

    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine, names: Iterable[str]) -> Vocabulary:
        """What the engine knows of these functions."""
        return cls({name: frozenset(_kinds(engine, name)) for name in {name.lower() for name in names}})

    def is_aggregate(self, name: str) -> bool:
        """It makes one value of many rows."""
        return "aggregate" in self.kinds.get(name.lower(), ())

    def refuse(self, name: str, arguments: int) -> None:
        """Refuse a function whose value would not be a matter of its arguments alone (R16).

        Raises:
            ConfigError: it is one.
        """
        kinds = self.kinds.get(name.lower(), frozenset())
        if _VOLATILE in kinds or (name.lower() == "age" and arguments == 1):
            _refuse_change(name)
        if _QUERY in kinds:
            raise ConfigError(f"`{name}` is a query of its own")
        if "table" in kinds:
            raise ConfigError(
                f"`{name}` makes several rows of one", hint="a function can: `transform: module:function`"
            )


def refuse_now(word: str) -> None:
    """Refuse a word that gives the time of day.

    Raises:
        ConfigError: it is one.
    """
    if word.lower() in _NOW:
        _refuse_change(word)


def _refuse_change(name: str) -> None:
    message = f"`{name}` gives another value each time, so rows would change though nothing changed at the source"
    raise ConfigError(message, hint="use a column of the source, or a function with a `version:`")


def _kinds(engine: Engine, name: str) -> Iterator[str]:
    """What a function is: scalar, aggregate, table; volatile; query."""
    found = _functions(engine).get(name, [])
    if values := [row for row in found if row[0] in {"scalar", "aggregate"}]:  # some have others of their name beside
        found = values
    for kind, stability, definition in found:
        if kind == "macro":
            yield from _within(engine, name, definition)
        else:
            yield "table" if kind in {"table_macro", "pragma"} else kind
            if stability not in {None, "CONSISTENT"}:
                yield _VOLATILE


def _within(engine: Engine, name: str, definition: str) -> Iterator[str]:
    """What a macro is, by what it is made of."""
    if re.search(r"\bSELECT\b", definition):
        yield _QUERY
    if any(word in _NOW for word in re.findall(r"\w+", definition)):
        yield _VOLATILE
    for called in set(_CALL.findall(definition)) - {name}:
        yield from _kinds(engine, called)


def _functions(engine: Engine) -> Mapping[str, list[tuple[str, str | None, str]]]:
    """All that the engine has, asked for once: they are part of it."""
    if not _KNOWN:
        columns = "function_name, function_type, stability, macro_definition"
        for name, *kind in engine.rows(f"SELECT DISTINCT {columns} FROM duckdb_functions()"):
            _KNOWN.setdefault(name, []).append(tuple(kind))
    return _KNOWN
