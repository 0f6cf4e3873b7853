"""Names of connections, models and tenants."""

from __future__ import annotations

import re

from syncline.config.node import Node

_NAME = re.compile(r"\w[\w.-]*")


def named(node: Node, text: str) -> str:
    """`text`, if it is a name that can stand in a path and on a command line."""
    if not _NAME.fullmatch(text):
        node.wrong(f"`{text}` cannot be a name", "use letters, digits, `_`, `-` and `.`")
    return text


def name(node: Node) -> str:
    """A name that is a value."""
    return named(node, node.text())
