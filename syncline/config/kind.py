"""What editors are told of a connector's settings: the fields of its dataclass, in the words of its docstring."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from syncline.config import shape
from syncline.config.shape import Shape
from syncline.connector import Connector
from syncline.secret import Secret

_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_FIGURES: dict[Any, Callable[[str], Shape]] = {
    bool: shape.flag,
    int: shape.integer,
    float: shape.number,
    timedelta: shape.duration,
}


def settings(kind: type[Connector]) -> list[Field[Any]]:
    """The settings that stand beside `kind:`."""
    return [field for field in fields(kind) if field.init]  # type: ignore[arg-type] # connectors are dataclasses


def is_needed(setting: Field[Any]) -> bool:
    """It has no default."""
    return setting.default is MISSING and setting.default_factory is MISSING


def of(name: str, kind: type[Connector], beside: dict[str, Shape] | None = None) -> Shape:
    """The mapping that declares a connector of this kind; `beside` are keys that are not its own."""
    about = inspect.getdoc(kind) or name
    keys = {"kind": {"const": name}, **(beside or {}), **shapes(kind)}
    needed = [setting.name for setting in settings(kind) if is_needed(setting)]
    return shape.mapping(about.split("\n\n")[0].replace("\n", " "), keys, ["kind", *needed])


def shapes(kind: type[Connector]) -> dict[str, Shape]:
    """The shapes of its settings, by name."""
    hints, words = get_type_hints(kind), dict(_ARGUMENT.findall(inspect.getdoc(kind) or ""))
    made = {}
    for setting in settings(kind):
        about = re.sub(r"\s+", " ", words.get(setting.name, setting.name.replace("_", " ")))
        made[setting.name] = _of(hints[setting.name], about) | _default(setting)
    return made


def _default(setting: Field[Any]) -> Shape:
    usual = setting.default
    plain = isinstance(usual, (str, int, float)) and not isinstance(usual, Secret)
    return {"default": usual} if plain else {}


def _of(wanted: Any, about: str) -> Shape:
    """The shape of a value of the type `wanted`."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        kinds = [_of(kind, about) for kind in inner if kind is not type(None)]
        return kinds[0] if len(kinds) == 1 else {"description": about, "anyOf": kinds}
    if origin is Literal:
        return shape.outside(shape.word(about, inner))
    if origin in (tuple, list, Sequence):
        return shape.several(about, _of(inner[0], about))
    if wanted is dict or (isinstance(origin, type) and issubclass(dict, origin)):
        return shape.named(about, _of(inner[1] if inner else str, about))
    if wanted in _FIGURES:
        return shape.outside(_FIGURES[wanted](about))
    return shape.any_text(about, **({"writeOnly": True} if wanted is Secret else {}))
