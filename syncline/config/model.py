"""A model of a connection as its file declares it, and the settings that farther scopes may give it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from syncline.config import limits, publication, schedule, shape, transform
from syncline.config.key import Key, Keys, nodes, shapes, understood, values, within
from syncline.config.name import named
from syncline.config.node import Node
from syncline.config.scope import chain
from syncline.config.setting import duration
from syncline.config.source import FROM, Reading
from syncline.connection import ModelSync
from syncline.connector import OnDelete, Target
from syncline.model import SyncMode

_DELETIONS = get_args(OnDelete)


TO: Keys = {
    "table": Key(Node.text, shape.text("The table; left out: the name of the model in lower case.")),
    "shared": Key(Node.flag, shape.flag("Other models write to this table too.", default=False)),
    **transform.TO,
}


def _to(node: Node) -> dict[str, Any]:
    return values(nodes(node, TO), TO)


SHARED: Keys = {
    "key": Key(Node.texts, shape.texts("The columns that name a row; left out: as the source says.")),
    "cursor": Key(
        Node.text, shape.text("The column that grows when a row changes; left out: every read is a full one.")
    ),
    "overlap": Key(duration, shape.duration("How far before the cursor an incremental read starts again.")),
    "schedule": schedule.KEY,
    "on_delete": Key(
        lambda node: node.choice(_DELETIONS),
        shape.word("What becomes of rows that are gone at the source.", _DELETIONS, default="delete"),
    ),
    "publish": publication.KEY,
    "priority": Key(Node.integer, shape.integer("Models with a higher one run first.", default=0)),
    "limits": limits.KEY,
}
"""What a workspace, a tenant, a destination or a connection may say for all of its models."""

MODEL: Keys = {
    "from": FROM,
    "columns": Key(
        transform.columns, shape.named("The columns and their types; left out: as the source says.", shape.text(""))
    ),
    "to": within(_to, "Where it goes.", TO),
    **transform.KEYS,
    **SHARED,
}
LATER = ["deleted_when"]
SHAPE = shape.mapping("A model: what a row is, where it comes from and where it goes.", shapes(MODEL), ["from"])


def scoped(node: Node, defaults: Node | None) -> Node:
    """A model's own settings over those of farther scopes."""
    return chain(replace(node, scope="model"), defaults) or node


def model(
    name: str, node: Node, features: AbstractSet[SyncMode], reading: Reading, *, goes_somewhere: bool, folder: Path
) -> ModelSync:
    """The model of a `scoped` mapping; functions and templates lie in `folder`.

    Raises:
        ConfigError: settings are wrong; all that can be told independently are.
    """
    named(node, name)
    found, read = understood(node, MODEL, LATER)
    if "from" not in found:
        node.wrong(f"model {name}: `from` is missing", "say which table or file: `from: invoice`")
    if not goes_somewhere and not read.get("publish"):
        node.wrong(f"model {name} goes nowhere", "add a `destination:` to the connection, or `publish:` to the model")
    if declared := read.get("publish"):
        read["publish"] = publication.fitted(declared, folder)
    if made := read.get("schedule"):
        read["schedule"] = schedule.fitted(made, found["schedule"], features)
    changing = transform.taken(read, found, node.where, folder)
    target = Target(**{"table": name.lower(), **_target(read)})
    read["origin"] = reading.origin(read.pop("from"))
    return ModelSync(name=name, target=target, transform=changing, where=node.where, **read)


def _target(read: dict[str, Any]) -> dict[str, Any]:
    return read.pop("to", {}) | ({"on_delete": read.pop("on_delete")} if "on_delete" in read else {})
