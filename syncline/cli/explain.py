"""Where settings come from, as `check --explain` tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby

from syncline.cli.screen import say, say_json, table
from syncline.config import Explained
from syncline.workspace import Workspace


def explain(workspace: Workspace, connection: str | None, model: str | None, *, as_json: bool) -> None:
    """Show the settings of a connection, or of all, and of one model of it, or of all.

    Raises:
        ConfigError: there is no such connection or model, or a file is wrong.
    """
    found = [(name, one) for name in _names(workspace, connection) for one in _settings(workspace, name, model)]
    if as_json:
        say_json([{"connection": name, **asdict(one)} for name, one in found])
        return
    for index, ((name, of), group) in enumerate(groupby(found, key=lambda pair: (pair[0], pair[1].model))):
        say(f"{chr(10) if index else ''}{name} {of}".rstrip(" "))
        table(["setting", "value", "from"], [(one.setting, one.value or "-", _source(one)) for _, one in group])


def _names(workspace: Workspace, connection: str | None) -> Iterator[str]:
    if connection is not None:
        yield connection
        return
    for error in workspace.errors.values():
        raise error
    yield from workspace.connections


def _settings(workspace: Workspace, connection: str, model: str | None) -> list[Explained]:
    found = workspace.explain(connection)
    if model is None:
        return found
    workspace.connections[connection][model]  # one that is not there is told as such
    return [one for one in found if one.model == model]


def _source(one: Explained) -> str:
    return f"{one.where} ({one.scope})" if one.where else one.scope
