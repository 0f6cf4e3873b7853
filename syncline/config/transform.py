"""What a model's file says about its rows on their way: `filter`, `fields`, `transform`, and some of `to`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from syncline import datatype
from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, values, within
from syncline.config.mistakes import Mistakes
from syncline.config.node import Node
from syncline.errors import ConfigError
from syncline.transform import Transform

_SCOPES = ("row", "model")


def columns(node: Node) -> pa.Schema:
    """Columns and their types."""
    found, mistakes = [], Mistakes()
    for column, kind in node.mapping().items():
        with mistakes.noted():
            found.append(pa.field(column, _type(column, kind)))
    mistakes.tell()
    return pa.schema(found)


def _type(column: str, kind: Node) -> pa.DataType:
    try:
        return datatype.parse(kind.text())
    except ConfigError as error:
        kind.wrong(f"column `{column}`: {error.message}", error.hint)


def _fields(node: Node) -> dict[str, Node]:
    """The columns that are sent, each with the node of what it is made of, or of its plain name in a list."""
    fields = node.mapping() if node.is_mapping else _plain(node)
    if not fields:
        node.wrong("`fields` has no columns", "leave it out to send all columns as they are")
    mistakes = Mistakes()
    for field in fields.values():
        with mistakes.noted():
            field.text()
    mistakes.tell()
    return fields


def _plain(node: Node) -> dict[str, Node]:
    fields: dict[str, Node] = {}
    for item in node.items():
        if item.text() in fields:
            item.wrong(f"`{item.text()}` stands twice", "keep one of them")
        fields[item.text()] = item
    return fields


def _function(node: Node) -> str:
    module, colon, function = node.text().partition(":")
    if not colon or not function.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        node.unfit("a function as `module:function`")
    return node.text()


TRANSFORM: Keys = {
    "function": Key(_function, shape.text("A function of yours, as module:function.")),
    "scope": Key(lambda node: node.choice(_SCOPES), shape.word("What it is given at a time: rows, or all.", _SCOPES)),
    "version": Key(Node.text, shape.text("When it changes, everything is made anew.")),
}


def _transform(node: Node) -> dict[str, Any]:
    return values(nodes(node, TRANSFORM), TRANSFORM) if node.is_mapping else {"function": _function(node)}


_ABOUT = "What changes the rows."
_SHAPE = {"description": _ABOUT, "anyOf": [shape.text(_ABOUT), within(_transform, _ABOUT, TRANSFORM).shape]}
KEYS: Keys = {
    "filter": Key(Node.text, shape.text("A condition; other rows are not sent.")),
    "fields": Key(
        _fields,
        {
            "description": "The whole row that is sent: columns and what they are made of.",
            "anyOf": [shape.named("", shape.text(""), least=1), shape.texts("")],
        },
    ),
    "transform": Key(_transform, _SHAPE),
}
TO: Keys = {
    "key": Key(Node.texts, shape.texts("What names the rows made; left out: the key of the source.")),
    "columns": Key(columns, shape.named("What the function gives, with types.", shape.text(""))),
}


def taken(read: dict[str, Any], found: Mapping[str, Node], where: str, folder: Path) -> Transform:
    """The transform of a model, taken out of what was read of it and of its `to:`; `found` is where it stands.

    Raises:
        ConfigError: parts do not fit each other.
    """
    fields, to = read.pop("fields", {}), read.get("to", {})
    declared = read.pop("transform", {})
    to_nodes = found["to"].mapping() if "to" in found else {}
    if "columns" in to and "function" not in declared:
        to_nodes["columns"].wrong("`to.columns` is for what a function gives", "use a cast under `fields:`")
    lines = {name: found[name].where for name in KEYS if name in found}
    lines |= {f"fields.{name}": node.where for name, node in fields.items()}
    lines |= {f"to.{name}": node.where for name, node in to_nodes.items()}
    return Transform(
        filter=read.pop("filter", ""),
        fields={name: _expression(name, node) for name, node in fields.items()},
        key=to.pop("key", ()),
        columns=to.pop("columns", None),
        folder=folder,
        where=where,
        lines=lines,
        **declared,
    )


def _expression(name: str, node: Node) -> str:
    """The expression; a plain name in a list is the column of this name, whatever letters it has."""
    return node.text() if node.key is not None else '"' + name.replace('"', '""') + '"'
