"""What a value may look like, in the words of JSON Schema: editors complete and check by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Shape: TypeAlias = dict[str, Any]

_TEXT = ["string", "number", "boolean"]  # a text is taken as it is written, whatever YAML makes of it
_OUTSIDE = {"type": "string", "pattern": r"^\$\{(?:env|file):[^}]+\}$"}


def text(about: str, **more: Any) -> Shape:
    """A text; not a blank one."""
    return {"description": about, "type": _TEXT, "pattern": r"\S", **more}


def any_text(about: str, **more: Any) -> Shape:
    """A text; one may be empty."""
    return {"description": about, "type": _TEXT, **more}


def texts(about: str) -> Shape:
    """A text, or a list of them."""
    return {"description": about, "type": [*_TEXT, "array"], "pattern": r"\S", "items": text("")}


def name(about: str, **more: Any) -> Shape:
    """A name that can stand in a path."""
    return text(about, pattern=r"^\w[\w.-]*$", **more)


def word(about: str, known: Iterable[str], **more: Any) -> Shape:
    """One of some words."""
    return {"description": about, "enum": [str(one) for one in known], **more}


def words(about: str, known: Iterable[str]) -> Shape:
    """One of some words, or a list of them."""
    return several(about, {"enum": [str(one) for one in known]})


def flag(about: str, **more: Any) -> Shape:
    """Yes or no."""
    return {"description": about, "enum": [True, False, "yes", "no", "on", "off"], **more}


def integer(about: str, **more: Any) -> Shape:
    """A whole number."""
    return {"description": about, "type": "integer", **more}


def number(about: str, **more: Any) -> Shape:
    """A number, or a percentage."""
    return {"description": about, "type": ["number", "string"], "pattern": r"^-?[0-9]+(\.[0-9]+)?%$", **more}


def outside(shape: Shape) -> Shape:
    """The same, or `${env:NAME}` or `${file:PATH}` for it."""
    return {"description": shape["description"], "anyOf": [shape, _OUTSIDE]}


def share(about: str, **more: Any) -> Shape:
    """A share from 0 to 1, or from 0% to 100%."""
    pattern = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$"
    return {"description": about, "type": ["number", "string"], "minimum": 0, "maximum": 1, "pattern": pattern, **more}


def duration(about: str) -> Shape:
    """A length of time such as 30s, 15m, 2h or 1d."""
    return {"description": about, "type": "string", "pattern": "^[0-9]{1,6} ?[smhd]$"}


def named(about: str, item: Shape, *, least: int = 0) -> Shape:
    """A mapping whose keys are names of one's own."""
    return {"description": about, "type": "object", "additionalProperties": item, "minProperties": least}


def several(about: str, item: Shape) -> Shape:
    """One, or a list of them."""
    return {"description": about, "anyOf": [item, {"type": "array", "items": item}]}


def mapping(about: str, keys: Mapping[str, Shape], required: Iterable[str] = ()) -> Shape:
    """A mapping with these keys; all but the `required` ones may be left out, or empty."""
    required = list(required)
    properties = {name: keys[name] if name in required else or_nothing(keys[name]) for name in keys}
    whole: Shape = {"description": about, "type": "object", "properties": properties, "additionalProperties": False}
    return whole | ({"required": required} if required else {})


def or_nothing(shape: Shape) -> Shape:
    """Known keys without a value count as left out."""
    if "enum" in shape:
        return shape | {"enum": [*shape["enum"], None]}
    if "anyOf" in shape:
        return shape | {"anyOf": [*shape["anyOf"], {"type": "null"}]}
    if "type" in shape:
        kinds = shape["type"]
        return shape | {"type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}
    return {"description": shape.get("description", ""), "anyOf": [shape, {"type": "null"}]}
