"""Where each setting of a connection comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from syncline.config import end, feature, kind
from syncline.config.connection import declared
from syncline.config.key import Keys, nodes
from syncline.config.mask import shown
from syncline.config.mistakes import Mistakes
from syncline.config.model import MODEL
from syncline.config.node import Node
from syncline.config.settings import Settings
from syncline.config.shape import Shape
from syncline.connector import Connector, destination_kind, source_kind


@dataclass(frozen=True, slots=True)
class Explained:
    """One setting: its value as it is written, and where that stands.

    Args:
        model: which one it is of; empty: the connection itself.
        setting: its name, as in `limits.deleted`.
        value: as written, never a secret; empty: there is none.
        where: file and line; empty: it is not written anywhere.
        scope: the scope it is written in, or `default`.
    """

    model: str
    setting: str
    value: str
    where: str
    scope: str


def explained(path: Path, workspace: Path, settings: Settings) -> list[Explained]:
    """The settings of a connection and of each of its models.

    Raises:
        ConfigError: what the files say cannot be understood.
    """
    mistakes = Mistakes()
    at = declared(path, workspace, settings, mistakes)
    mistakes.tell()
    rows = list(_settings("", at.found, {"features": feature.KEY}))
    for called, node in at.sources.items():
        rows += _end(f"sources.{called}" if called else "source", node, source_kind)
    if "destination" in at.found:
        rows += _end("destination", at.found["destination"], destination_kind)
    for model, node in at.models.items():
        rows += _settings(model, nodes(node, MODEL), MODEL)
    return rows


def _settings(model: str, found: Mapping[str, Node], keys: Keys, within: str = "") -> Iterator[Explained]:
    for name, key in keys.items():
        node, setting = found.get(name), f"{within}{name}"
        if key.keys and (node is not None or any("default" in inner.shape for inner in key.keys.values())):
            inner = {} if node is None else nodes(node, key.keys)
            yield from _settings(model, inner, key.keys, f"{setting}.")
        else:
            yield _explained(model, setting, node, key.shape)


def _end(side: str, node: Node, find: Callable[[str], type[Connector]]) -> Iterator[Explained]:
    known, found = kind.shapes(end.kind_of(node, find)), node.mapping()
    for name in ("kind", *known):
        yield _explained("", f"{side}.{name}", found.get(name), known.get(name, {}), name)


def _explained(model: str, setting: str, node: Node | None, shape: Shape, name: str = "") -> Explained:
    if node is None or node.is_empty:
        usual = shape.get("default", "")
        return Explained(model, setting, str(usual).lower() if isinstance(usual, bool) else str(usual), "", "default")
    value = shown(node.raw, name, hidden=shape.get("writeOnly", False))
    return Explained(model, setting, value, node.where, node.scope)
