"""Looking for runs by what somebody types, in a history of any length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from syncline.connection import Connection
from syncline.run import Run
from syncline.search import Search, ServiceStore

_ID = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")
_MOST = 20


@dataclass(frozen=True, slots=True)
class Known:
    """The names that words are looked up in.

    Args:
        connections: by name.
        people: how they are shown, by the id that stands in `created_by`.
    """

    connections: Mapping[str, Connection] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


def find(store: ServiceStore, wanted: Search, words: str, known: Known) -> list[Run]:
    """The runs that are `wanted` and that `words` speak of, newest first.

    Words are the beginning of a run's id (four characters or more), a part of the name of a connection or of a model,
    or of who started it. Each of these is a question that an index answers, however long the history.
    """
    found: dict[str, Run] = {}
    for search in _searches(wanted, words.strip().lower(), known):
        found |= {run.id: run for run in store.search(search)}
    return sorted(found.values(), key=lambda run: (run.created_at, run.id), reverse=True)[: wanted.limit]


def _searches(wanted: Search, words: str, known: Known) -> Iterator[Search]:
    if not words:
        yield wanted
        return
    if _ID.fullmatch(words):
        yield replace(wanted, begins=words)
    for name in [name for name in known.connections if words in name.lower()][:_MOST]:
        if wanted.connection in (None, name):
            yield replace(wanted, connection=name)
    for person in [id for id, name in known.people.items() if words in name.lower()][:_MOST]:
        yield replace(wanted, created_by=person)
    models = {model.name for connection in known.connections.values() for model in connection.models}
    for name in sorted(model for model in models if words in model.lower())[:_MOST]:
        if wanted.model in (None, name):
            yield replace(wanted, model=name)
