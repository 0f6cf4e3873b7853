"""A connector's settings: the fields of its dataclass, filled from YAML."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from syncline.config.kind import is_needed, settings
from syncline.config.mistakes import Mistakes
from syncline.config.node import Node
from syncline.connector import Connector
from syncline.errors import ConfigError, SynclineError
from syncline.secret import Secret, resolve

Kind = TypeVar("Kind", bound=Connector)
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:|[A-Za-z]:[\\/])([^?]+)(.*)", re.DOTALL)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d+)\s*([smhd])")


def duration(node: Node) -> timedelta:
    """A length of time such as 30s, 15m, 2h or 1d."""
    found = _DURATION.fullmatch(node.text().strip())
    if not found:
        node.unfit("a length of time such as 30s, 15m, 2h or 1d")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        node.unfit("a shorter time")


def resolved(node: Node) -> str:
    """A text with `${env:NAME}` and `${file:PATH}` filled in."""
    try:
        return resolve(node.text())
    except ConfigError as error:
        node.wrong(error.message, error.hint)


def anchored(text: str, folder: Path) -> str:
    """A SQLite URL whose relative path starts at `folder`; any other text as it is.

    Example:
        >>> anchored("sqlite:///shop.db", Path("/srv/sync"))
        'sqlite:////srv/sync/shop.db'
    """
    found = _SQLITE.fullmatch(_plain(text))
    if not found:
        return text
    scheme, database, options = found.groups()
    whole = f"{scheme}{(folder / database).as_posix()}{options}"
    return Secret(whole) if isinstance(text, Secret) else whole


def connector(node: Node, kind: type[Kind], folder: Path, beside: Sequence[str] = ()) -> Kind:
    """The connector of this kind with the settings that stand beside `kind:`; those `beside` are not its own.

    Raises:
        ConfigError: a setting is unknown, missing or of another type.
    """
    known = settings(kind)
    found = node.mapping(["kind", *beside, *(field.name for field in known)])
    hints = get_type_hints(kind)
    mistakes, values = Mistakes(), {}
    for field in known:
        with mistakes.noted():
            if field.name in found:
                values[field.name] = _placed(field.name, _value(found[field.name], hints[field.name]), folder)
            elif is_needed(field):
                node.wrong(f"the setting `{field.name}` is missing in `{node.name}`", f"add `{field.name}: …`")
    mistakes.tell()
    try:
        made = kind(**values)
        made.identity()  # an address that is none is told here, with its line
    except SynclineError as error:
        error.where = error.where or node.where
        raise
    except (TypeError, ValueError) as error:
        node.wrong(f"`{node.name}`: {error}")
    return made


def _placed(name: str, value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return folder / value
    if name == "folder" and isinstance(value, str) and "://" not in _plain(value):
        return str(folder / _plain(value))
    return anchored(value, folder) if isinstance(value, str) else value


def _value(node: Node, wanted: Any) -> Any:
    """The value of a setting of the type `wanted`."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return _one_of(node, [kind for kind in inner if kind is not type(None)])
    if origin is Literal:
        return _figure(node, lambda at: at.choice(str(word) for word in inner))
    if origin in (tuple, list, Sequence):
        return (list if origin is list else tuple)(_value(item, inner[0]) for item in node.items())
    if wanted is dict or (isinstance(origin, type) and issubclass(dict, origin)):
        return {key: _value(value, inner[1] if inner else str) for key, value in node.mapping().items()}
    if wanted in _FIGURES:
        return _figure(node, _FIGURES[wanted])
    return _READERS.get(wanted, _text)(node)


def _one_of(node: Node, kinds: list[Any]) -> Any:
    for kind in kinds[:-1]:
        try:
            return _value(node, kind)
        except ConfigError:
            continue
    return _value(node, kinds[-1])


def _figure(node: Node, read: Callable[[Node], Any]) -> Any:
    """A value that is not a text; where it comes from outside, it is not shown."""
    if not isinstance(node.raw, yaml.ScalarNode):
        return read(node)
    text = resolved(node) if node.raw.value else ""
    if not isinstance(text, Secret):
        return read(node)
    raw = yaml.ScalarNode(node.raw.tag, _plain(text), node.raw.start_mark, node.raw.end_mark)
    try:
        return read(replace(node, raw=raw))
    except ConfigError:
        node.wrong(f"`{node.name}`: the value of `{node.raw.value}` does not fit")


def _text(node: Node) -> str:
    if node.is_list or node.is_mapping or node.is_empty:
        node.unfit("a text")
    return resolved(node) if node.raw.value else ""  # an empty text is one too: `null_values: [""]`


def _secret(node: Node) -> Secret:
    return Secret(_plain(_text(node)))


def _path(node: Node) -> Path:
    return Path(_plain(_text(node)))


def _plain(text: str) -> str:
    return text.reveal() if isinstance(text, Secret) else text


_FIGURES: dict[Any, Callable[[Node], Any]] = {
    bool: Node.flag,
    int: Node.integer,
    float: Node.number,
    timedelta: duration,
}
_READERS: dict[Any, Callable[[Node], Any]] = {Path: _path, Secret: _secret}
