"""The journey of a row: every change to one key, in which run, before and after, and why it was rejected (P6.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from syncline import datatype
from syncline.change import Change, Row
from syncline.changes import OP, columns, keys, physical
from syncline.engine import Engine, opened
from syncline.errors import ConfigError, DataError
from syncline.model import DataModel
from syncline.pipeline.plan import Plan
from syncline.pipeline.work import home
from syncline.run import Head, Run
from syncline.search import Search, ServiceStore
from syncline.snapshot import incoming
from syncline.statement import listed, literal
from syncline.storage import Storage

MOST_PLANS = 200
"""So many changesets are looked through at a time; `Journey.older` says where to go on."""
_PLAN = re.compile(r"(\d+)-")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a row.

    Args:
        at: when its plan was made.
        plan: the changeset.
        change: what was sent of it; None: nothing.
        kind, reason: from then on it was owed, for this reason; empty: it was not.
        is_settled: it was owed before, and is no more.
        run: the run that made the plan, if it is still known.
    """

    at: datetime
    plan: str
    change: Change | None = None
    kind: str = ""
    reason: str = ""
    is_settled: bool = False
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """What happened to one row, newest first; `older` names the plan before which to look on, empty: that was all."""

    key: tuple[str, ...]
    events: tuple[Event, ...]
    older: str = ""


def journey(
    storage: Storage, store: ServiceStore, connection: str, model: str, key: Sequence[str], *, before: str = ""
) -> Journey:
    """What happened to the row whose key at the source has these values, as far back as changesets are kept.

    `before` is the `older` of the journey shown before.

    Raises:
        ConfigError: the model was never synced, or its key is not of so many columns or of such types.
    """
    head = store.head(connection, model)
    texts = _typed(head, model, key)
    folder = storage.root / home(store.tenant, connection, model)
    plans = sorted((path.parent.name for path in folder.glob("*/plan.json")), reverse=True)
    plans = [plan for plan in plans if not before or plan < before]
    with opened(storage.root) as engine:
        events = list(_events(engine, storage, folder, plans[: MOST_PLANS + 1], texts))
    older = plans[MOST_PLANS - 1] if len(plans) > MOST_PLANS else ""
    return Journey(texts, tuple(_with_runs(events, store, connection)), older)


def _typed(head: Head, model: str, key: Sequence[str]) -> tuple[str, ...]:
    """The values as the engine writes them as text."""
    if not head.key or not head.snapshot.files:
        raise ConfigError(f"model {model} was never synced", hint="run it first")
    if len(key) != len(head.key):
        raise ConfigError(f"the key of model {model} is {', '.join(head.key)}", hint="give a value for each")
    fields = head.snapshot.files[-1].model(head.key).key_schema
    kinds = [datatype.engine_name(field.type) for field in fields]
    with opened() as engine:
        query = listed(
            [f"TRY_CAST({literal(value)} AS {kind})::VARCHAR" for value, kind in zip(key, kinds, strict=True)]
        )
        (found,) = engine.rows(f"SELECT {query}")
    for value, text, field in zip(key, found, fields, strict=True):
        if text is None:
            raise ConfigError(f"`{value}` is no value of `{field.name}`, which is {datatype.name(field.type)}")
    return tuple(found)


def _events(
    engine: Engine, storage: Storage, folder: Path, plans: Sequence[str], key: tuple[str, ...]
) -> Iterator[Event]:
    """Newest first; the last plan is only looked at for what was owed before the one after it."""
    lists: dict[str, tuple[str, str]] = {"": ("", "")}
    made = {plan: _load(storage, folder, plan) for plan in plans}

    def owed(plan: str | None) -> tuple[str, str]:
        file = _list_after(storage, folder, made[plan]) if plan else ""
        if file not in lists:
            lists[file] = _owed(engine, storage, file, key)
        return lists[file]

    for plan, previous in zip(plans[:MOST_PLANS], [*plans[1:], None], strict=False):
        if (found := made[plan]) is None:
            continue
        change = _change(engine, storage, found, key)
        now, was = owed(plan), owed(previous)
        if change is not None or now != was:
            kind, reason = now if now != was else ("", "")
            yield Event(found.at, plan, change, kind, reason, is_settled=bool(was[0]) and not now[0])


def _load(storage: Storage, folder: Path, plan: str) -> Plan | None:
    try:
        return Plan.load(storage, f"{folder.relative_to(storage.root).as_posix()}/{plan}/plan.json")
    except DataError:
        return None


def _list_after(storage: Storage, folder: Path, plan: Plan | None) -> str:
    """The list of what was owed once a plan was loaded: with what was refused then, or as the plan has it."""
    if plan is None:
        return ""
    after = folder / f"{plan.id}-loaded" / "owed.parquet"
    if after.exists():
        return after.relative_to(storage.root).as_posix()
    return plan.head.owed.name if plan.head.owed is not None else ""


def _owed(engine: Engine, storage: Storage, file: str, key: tuple[str, ...]) -> tuple[str, str]:
    same = listed([f"c{index}::VARCHAR = {literal(value)}" for index, value in enumerate(key)], " AND ")
    try:
        path = literal(storage.path(file))
        rows = engine.rows(f"SELECT kind, reason FROM read_parquet({path}) WHERE {same} ORDER BY ALL LIMIT 1")
    except DataError:
        return ("", "")
    return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")


def _change(engine: Engine, storage: Storage, plan: Plan, key: tuple[str, ...]) -> Change | None:
    """What was sent of the row; None: nothing, or it is not kept any more."""
    if not plan.files or len(plan.files[0].source_key) != len(key):
        return None
    kept = plan.files[0].model(plan.model.key)
    shown, rows = listed([*columns(kept), OP]), incoming(plan.files, kept, storage.path)
    named = listed(list(_named(kept, plan.files[0].source_key, key)), " AND ")
    try:
        found = engine.table(f"SELECT {shown} FROM ({rows}) WHERE {named} ORDER BY _f, _r LIMIT 1")
        if not len(found):
            return None
        operation = found.column(OP)[0].as_py()
        was = found if operation == "delete" else None
        if operation == "update":
            engine.register("looked_at", found.select(keys(kept)))
            rows = incoming(plan.before, kept, storage.path)
            was = engine.table(f"SELECT {shown} FROM ({rows}) SEMI JOIN looked_at USING ({listed(keys(kept))})")
    except DataError:
        return None
    return Change(operation, _row(was, plan.model), _row(None if operation == "delete" else found, plan.model))


def _named(kept: DataModel, source_key: Sequence[str], values: Sequence[str]) -> Iterator[str]:
    """Conditions for the row that these values name at the source."""
    for name, value in zip(source_key, values, strict=True):
        index = kept.schema.get_field_index(name)
        kind = datatype.engine_name(kept.schema.field(index).type)
        yield f"{physical(index)} = TRY_CAST({literal(value)} AS {kind})"


def _row(rows: pa.Table | None, model: DataModel) -> Row | None:
    """The first of rows at rest, without what comes behind the columns of the model."""
    if rows is None or not len(rows):
        return None
    pairs = zip(model.schema, rows.columns, strict=False)
    return {field.name: column[0].cast(field.type).as_py() for field, column in pairs}


def _with_runs(events: Sequence[Event], store: ServiceStore, connection: str) -> Iterator[Event]:
    fences = {event.plan: int(found[1]) for event in events if (found := _PLAN.match(event.plan))}
    wanted = Search(connection=connection, fences=tuple(fences.values()), limit=max(len(fences), 1))
    runs = {run.fence: run for run in store.search(wanted)} if fences else {}
    for event in events:
        yield replace(event, run=runs.get(fences.get(event.plan, 0)))
