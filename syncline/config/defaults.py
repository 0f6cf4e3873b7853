"""What holds for every model in reach, unless a nearer scope says otherwise."""

from __future__ import annotations

from syncline.config import feature
from syncline.config.key import Keys, nodes, values, within
from syncline.config.model import SHARED
from syncline.config.node import Node

DEFAULTS: Keys = {"features": feature.KEY, **SHARED}


def _checked(node: Node) -> Node:
    """The node as it is, once every value in it is known to be right."""
    values(nodes(node, DEFAULTS), DEFAULTS)
    return node


KEY = within(_checked, "What holds here unless a nearer scope says otherwise.", DEFAULTS)
