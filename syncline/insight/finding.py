"""What stands in the way of a connection, found out without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from syncline.connection import Connection, ModelSync
from syncline.connector import Connector
from syncline.errors import ConfigError, SynclineError
from syncline.export.rows import chosen
from syncline.publication.feed import feeds
from syncline.storage import Storage

Clashes: TypeAlias = Mapping[tuple[str, str], ConfigError]


@dataclass(frozen=True, slots=True)
class Finding:
    """What `check` found out about a model, or about what all models need."""

    connection: str
    model: str
    columns: int = 0
    key: tuple[str, ...] = ()
    table: str = ""
    problem: str = ""


def findings_of(connection: Connection, clashes: Clashes, only: str | None = None) -> Iterator[Finding]:
    """What is found out about the ends of a connection and its models, or the one that is named."""
    ends: list[tuple[str, Connector | None]] = [
        ("source", connection.source),
        ("destination", connection.destination),
    ]
    broken = {}
    for side, end in ends:
        problem = problem_of(end.check) if end is not None else ""
        if problem:
            broken[side] = problem
            yield Finding(connection.name, "", problem=f"{side}: {problem}")
    for model in connection.models if only is None else [connection[only]]:
        clash = clashes.get((connection.name, model.name))
        known = [str(clash)] if clash else []
        if not broken:
            yield _model_finding(connection, model, known)
        elif known:
            yield Finding(connection.name, model.name, problem=known[0])


def place_findings(
    connection: Connection, storage: Storage, tenant: str, only: str | None = None, notes: list[str] | None = None
) -> Iterator[Finding]:
    """What is wrong with the places that files are published to; what people should know of them goes to `notes`."""
    notes = [] if notes is None else notes
    for sync in connection.models if only is None else [connection[only]]:
        elsewhere = [made for made in sync.publish if made.to is not None]
        for feed in feeds(elsewhere, storage, tenant, connection.name, sync.name):
            try:
                notes += [line for line in feed.place.check() if line not in notes]
            except SynclineError as error:
                error.where = error.where or sync.where
                yield Finding(connection.name, sync.name, problem=str(error))


def _model_finding(connection: Connection, sync: ModelSync, known: list[str]) -> Finding:
    """What is wrong with one model, in one finding; `known` is what is found without looking at its columns."""
    try:
        model = sync.model(connection.source)
        made = sync.transform.made(model)
        for publication in sync.publish:
            chosen((), made.schema, publication.options)
        columns, key = len(made.schema), made.key
        problems = connection.destination.problems(made, sync.target) if connection.destination else []
    except SynclineError as error:
        error.where = error.where or sync.where
        return Finding(connection.name, sync.name, problem="; ".join([*known, str(error)]))
    to = sync.target.table if connection.destination else "files only"
    return Finding(connection.name, sync.name, columns, key, to, "; ".join([*known, *problems]))


def problem_of(attempt: Callable[[], object]) -> str:
    """What goes wrong when this is tried, in words; empty: nothing."""
    try:
        attempt()
    except SynclineError as error:
        return str(error)
    return ""
