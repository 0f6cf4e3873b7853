"""A key that may stand in a file: how its value is read, and what an editor is told of it. One place for both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from syncline.config import shape
from syncline.config.mistakes import Mistakes
from syncline.config.node import Node
from syncline.config.scope import distance
from syncline.config.shape import Shape


@dataclass(frozen=True, slots=True)
class Key:
    """How a value is read, and its shape.

    Args:
        read: makes a value of what is written.
        shape: the same for editors.
        keys: what the mapping has in it; farther scopes complete it key by key.
        rivals: keys beside it of which only one can be; one in a nearer scope puts it out.
    """

    read: Callable[[Node], Any]
    shape: Shape
    keys: Keys = field(default_factory=dict)
    rivals: tuple[str, ...] = ()


Keys: TypeAlias = Mapping[str, Key]


def itself(node: Node) -> Node:
    """What is read later, when more is known."""
    return node


def shapes(keys: Keys) -> dict[str, Shape]:
    """What editors are told of these keys."""
    return {name: key.shape for name, key in keys.items()}


def within(read: Callable[[Node], Any], about: str, keys: Keys) -> Key:
    """A key whose value is a mapping with `keys`."""
    return Key(read, shape.mapping(about, shapes(keys)), keys)


def nodes(node: Node, keys: Keys, later: Iterable[str] = (), *, strict: bool = True) -> dict[str, Node]:
    """What stands in a mapping with `keys`, each from the nearest scope that says it.

    Raises:
        ConfigError: a key stands twice, or is unknown (which is passed over where it is not `strict`).
    """
    merged = [name for name, key in keys.items() if key.keys]
    inside = {inner: name for name in merged for inner in keys[name].keys}
    found = node.mapping(keys, later=later, merged=merged, inside=inside, strict=strict)
    return {
        name: one for name, one in found.items() if not any(_beats(found.get(key), one) for key in keys[name].rivals)
    }


def _beats(rival: Node | None, node: Node) -> bool:
    return rival is not None and distance(rival) < distance(node)


def understood(node: Node, keys: Keys, later: Iterable[str] = ()) -> tuple[dict[str, Node], dict[str, Any]]:
    """What stands in a mapping with `keys`, and its values.

    Raises:
        ConfigError: keys are unknown, or values are not what is wanted; all of it is told at once.
    """
    mistakes = Mistakes()
    with mistakes.noted():
        nodes(node, keys, later)
    found = nodes(node, keys, strict=False)
    made = mistakes.of(lambda: values(found, keys)) or {}
    mistakes.tell()
    return found, made


def values(found: Mapping[str, Node], keys: Keys) -> dict[str, Any]:
    """The values of what was found; all mistakes in them are told at once.

    Raises:
        ConfigError: a value is not what its key wants.
    """
    mistakes, read = Mistakes(), {}
    for name, node in found.items():
        with mistakes.noted():
            read[name] = keys[name].read(node)
    mistakes.tell()
    return read
