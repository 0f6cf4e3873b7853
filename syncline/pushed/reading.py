"""Which models of a connection read what was pushed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from syncline.connection import Connection
from syncline.connector import Source
from syncline.pushed.source import PushedSource, Supply
from syncline.sources import Combined


def supplied(source: Source, supply: Supply) -> Source:
    """The source, with what a workspace gives its sources of pushed rows."""
    if isinstance(source, PushedSource):
        return source.supplied(supply)
    if isinstance(source, Combined):
        return replace(source, members={name: supplied(one, supply) for name, one in source.members.items()})
    return source


def readers(connection: Connection, pushed: str) -> Iterator[tuple[str, str]]:
    """The models that read this pushed model, each with the part of it that is read from there."""
    for model in connection.models:
        for part, source, origin in _parts(connection.source, model.origin):
            if isinstance(source, PushedSource) and origin == pushed:
                yield model.name, part


def _parts(source: Source, origin: str) -> Iterator[tuple[str, Source, str]]:
    if not isinstance(source, Combined):
        yield "", source, origin
        return
    for part in source.parts(origin):
        yield part.name, source.members[part.source], part.origin
