"""What was pushed, as a source: exactly what changed since the last read, deletions included (P5.18)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncline.connector import Source
from syncline.errors import ConfigError
from syncline.model import Batch, Cursor, DataModel, Read, SyncMode
from syncline.pushed.model import GUID, PushModel
from syncline.pushed.store import PushStore

PAGE_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class Supply:
    """What a workspace gives its sources of pushed rows.

    Args:
        models: those that may be pushed, by name.
        store: opens the memory.
        passed: how far each connection that reads a model has come.
    """

    models: Mapping[str, PushModel]
    store: Callable[[], PushStore]
    passed: Callable[[str], Sequence[int]]


@dataclass(frozen=True)
class PushedSource(Source):
    """Rows that others push to `/api/v1/sync/{model}`; `from:` names a model under `push:` in `syncline.yaml`.

    An incremental read gives each row that has changed since the last one, and the keys of those that were deleted.
    """

    positions_are_keys = True
    is_remote = True
    _supply = None

    def supplied(self, supply: Supply) -> PushedSource:
        """The same, of a workspace."""
        source = PushedSource()
        object.__setattr__(source, "_supply", supply)
        return source

    def identity(self) -> str:
        """There is one in each workspace."""
        return "pushed"

    def discover(self) -> Iterator[DataModel]:
        """The models that may be pushed."""
        return (one.model for one in self._given.models.values())

    def describe(self, origin: str) -> DataModel:
        """What a row of this model is.

        Raises:
            ConfigError: it is not declared; the known ones are listed.
        """
        models = self._given.models
        if origin not in models:
            known = f"known are {', '.join(models)}" if models else "declare it under `push:` in syncline.yaml"
            raise ConfigError(f"there is no model `{origin}` that is pushed", hint=known)
        return models[origin].model

    def reaches(self, origin: str, since: Mapping[str, Cursor]) -> bool:
        """Whether all deletions since then are remembered (R33)."""
        cursor, store = _number(since.get("")), self._given.store()
        return store.forgotten(origin) <= cursor <= store.latest(origin)

    def read(self, request: Read) -> Iterator[Batch]:
        """All rows in the order of the key, or what has changed in the order in which it has."""
        _check_columns(self.describe(request.origin), request.model)
        store = self._given.store()
        if passed := self._given.passed(request.origin):
            store.forget(request.origin, min(passed))
        if request.mode is SyncMode.INCREMENTAL and "" in request.since:
            yield from _changes(store, request)
        else:
            yield from _everything(store, request)

    @property
    def _given(self) -> Supply:
        if self._supply is None:
            raise ConfigError("pushed rows can be read in a workspace only", hint="syncline init")
        return self._supply


def _everything(store: PushStore, request: Read) -> Iterator[Batch]:
    """All rows. What changes meanwhile has a higher number than the cursor, so the next read brings it (R8)."""
    begun: Any = request.position.get("") or {"after": "", "at": store.latest(request.origin)}
    after, at = str(begun["after"]), int(begun["at"])
    is_full = request.mode is SyncMode.FULL
    while page := store.rows(request.origin, after=after, limit=PAGE_ROWS):
        after = page[-1][0]
        yield Batch(_columns(page, request.model), position={"after": after, "at": at})
    yield Batch(cursor=at, complete=is_full)


def _changes(store: PushStore, request: Read) -> Iterator[Batch]:
    after = _number(request.position.get("") or request.since[""])
    until = store.latest(request.origin)
    while page := store.changes(request.origin, after=after, until=until, limit=PAGE_ROWS):
        after = page[-1][0]
        kept = [(guid, row) for _, guid, row in page if row is not None]
        gone = [guid for _, guid, row in page if row is None]
        rows = _columns(kept, request.model) if kept else None
        yield Batch(rows, {GUID: gone} if gone else None, position=after, ordered=True)
    yield Batch(cursor=until, ordered=True)


def _columns(page: Sequence[tuple[str, str]], model: DataModel) -> dict[str, list[object]]:
    from orjson import loads  # noqa: PLC0415 - not before there are rows

    rows = [loads(row) for _, row in page]
    columns: dict[str, list[object]] = {name: [row.get(name) for row in rows] for name in model.schema.names}
    return columns | ({GUID: [guid for guid, _ in page]} if GUID in columns else {})


def _check_columns(known: DataModel, wanted: DataModel) -> None:
    if wanted.key != (GUID,):
        raise ConfigError(
            f"`{known.name}` has the key `{GUID}`, not `{', '.join(wanted.key)}`", hint="leave out `key:`"
        )
    for name in wanted.schema.names:
        if name not in known.schema.names:
            hint = f"known are {', '.join(known.schema.names)}"
            raise ConfigError(f"`{known.name}` has no column `{name}`", hint=hint)


def _number(cursor: Cursor) -> int:
    return cursor if isinstance(cursor, int) else 0
