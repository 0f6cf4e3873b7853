"""Models that others push rows of, as `syncline.yaml` declares them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, values, within
from syncline.config.mistakes import Mistakes
from syncline.config.name import named
from syncline.config.node import Node
from syncline.config.transform import columns
from syncline.pushed.model import COMPANY, GUID, MOST, PushModel

_LARGEST = 100_000


def _columns(node: Node) -> pa.Schema:
    found, mistakes = columns(node), Mistakes()
    for name, one in node.mapping().items():
        if name in {GUID, COMPANY}:
            with mistakes.noted():
                one.wrong(f"every model has `{name}`", "leave it out")
    mistakes.tell()
    return found


def _batch(node: Node) -> int:
    most = node.integer()
    return most if 1 <= most <= _LARGEST else node.unfit(f"a number of items from 1 to {_LARGEST}")


MODEL: Keys = {
    "columns": Key(_columns, shape.named("The columns, beside guid, and their types.", shape.text(""))),
    "required": Key(Node.texts, shape.texts("Columns that must have a value.")),
    "batch": Key(
        _batch,
        shape.integer("How many items one request may bring.", minimum=1, maximum=_LARGEST, default=MOST),
    ),
}
_MODEL = within(Node.mapping, "A model that others push rows of.", MODEL)


def _model(name: str, node: Node) -> PushModel:
    named(node, name)
    found = nodes(node, MODEL)
    read: dict[str, Any] = values(found, MODEL)
    known = read.setdefault("columns", pa.schema([])).names
    for one in found["required"].items() if "required" in found else ():
        one.choice(known)
    return PushModel(name, **read)


def _models(node: Node) -> dict[str, PushModel]:
    found, mistakes = {}, Mistakes()
    for name, one in node.mapping().items():
        with mistakes.noted():
            found[name] = _model(name, one)
    mistakes.tell()
    return found


KEY = Key(_models, shape.named("Models that others push rows of, by name: /api/v1/sync/NAME.", _MODEL.shape))
