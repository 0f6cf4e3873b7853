"""Names of connections, models and tenants."""

from __future__ import annotations

import re
from urllib.parse import quote

from syncline.config.node import Node

_NAME = re.compile(r"\w[\w.-]*")
_LONGEST = 150
"""Bytes, as it stands in a path, where dots take three and letters beyond ASCII six and more: with what comes beside it
no system takes more than 255."""


def named(node: Node, text: str) -> str:
    """`text`, if it is a name that can stand in a path and on a command line."""
    if not _NAME.fullmatch(text):
        node.wrong(f"`{text}` cannot be a name", "use letters, digits, `_`, `-` and `.`")
    if len(quote(text).replace(".", "%2E")) > _LONGEST:
        node.wrong(f"`{text[:40]}…` cannot be a name, for it is too long", f"use at most {_LONGEST} letters of ASCII")
    return text


def name(node: Node) -> str:
    """A name that is a value."""
    return named(node, node.text())
