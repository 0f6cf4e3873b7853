"""What a workspace allows to what comes in by the API, beside what it allows to everybody who edits its files."""

from __future__ import annotations

from dataclasses import dataclass

from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, values, within
from syncline.config.node import Node


@dataclass(frozen=True, slots=True)
class Api:
    """What may be named by what comes in by the API; nothing, unless it is said here.

    Args:
        env: variables, for `${env:NAME}`.
        functions: functions that rows may go through, as `module:function`.
        paths: whether paths on this machine may be named.
        edit: whether connections may be changed, or removed, that people have written.
    """

    env: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    paths: bool = False
    edit: bool = False


API: Keys = {
    "env": Key(Node.texts, shape.texts("Variables that connections made by the API may name.")),
    "functions": Key(Node.texts, shape.texts("Functions that they may name, as module:function.")),
    "paths": Key(Node.flag, shape.flag("They may name paths on this machine.", default=False)),
    "edit": Key(Node.flag, shape.flag("Connections that people have written may be changed too.", default=False)),
}


def api(node: Node) -> Api:
    """The settings in an `api:` mapping."""
    return Api(**values(nodes(node, API), API))


KEY = within(api, "What may be named by what comes in by the API.", API)
