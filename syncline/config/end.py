"""The two ends of a connection as files declare them: where they stand, or by a name that the workspace gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from syncline.config import defaults, shape
from syncline.config.node import Node
from syncline.config.setting import connector
from syncline.connector import Connector, Destination, Source, destination_kind, source_kind
from syncline.errors import ConfigError

Kind = TypeVar("Kind", bound=Connector)

SOURCE: shape.Shape = {"description": "Where rows come from.", "allOf": [{"$ref": "#/$defs/source"}]}
DESTINATION: shape.Shape = {
    "description": "Where rows go: settings, or the name of a destination in syncline.yaml.",
    "anyOf": [{"type": "string"}, {"$ref": "#/$defs/destination"}],
}


def source(node: Node, folder: Path) -> Source:
    """The source of a `source:` mapping; relative paths start at `folder`.

    Raises:
        ConfigError: its kind is not installed, or a setting is wrong.
    """
    return connector(node, kind_of(node, source_kind), folder)


def destination(node: Node, folder: Path) -> Destination:
    """The destination of a mapping; relative paths start at `folder`.

    Raises:
        ConfigError: its kind is not installed, or a setting is wrong.
    """
    return connector(node, kind_of(node, destination_kind), folder, beside=["defaults"])


def found(node: Node, named: Mapping[str, Node]) -> Node:
    """The mapping of a destination, which may stand elsewhere under a name.

    Raises:
        ConfigError: there is no such name.
    """
    if node.is_mapping or node.is_list:
        return replace(node, scope="destination")
    if not named:
        node.unfit("`key: value` lines, or a name under `destinations:` in syncline.yaml")
    return named[node.choice(named)]


def scope(node: Node) -> Node | None:
    """What a destination says for the models that go there."""
    own = node.mapping().get("defaults")
    return None if own is None or own.is_empty else defaults.KEY.read(own)


def kind_of(node: Node, find: Callable[[str], type[Kind]]) -> type[Kind]:
    """The connector that `kind:` names.

    Raises:
        ConfigError: it is missing, or not installed.
    """
    settings = node.mapping()
    if "kind" not in settings:
        node.wrong(f"`kind` is missing in `{node.name}`", "e.g. `kind: sql`")
    try:
        return find(settings["kind"].text())
    except ConfigError as error:
        settings["kind"].wrong(error.message, error.hint)
