"""What the steps of a model need to know, from its settings and from where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from syncline.connection import Connection, ModelSync
from syncline.connector import Destination, Target
from syncline.errors import ConfigError
from syncline.model import DataModel, SyncMode
from syncline.pipeline import work as works
from syncline.pipeline.work import Work, home, key_of, read_fingerprint
from syncline.request import Request
from syncline.run import Head, Store
from syncline.storage import Storage


def work_for(
    connection: Connection,
    sync: ModelSync,
    request: Request,
    store: Store,
    storage: Storage,
    *,
    fence: int,
    guard: Callable[[], None] = lambda: None,
    report: Callable[[int], None] = lambda _rows: None,
) -> Work:
    """What the steps of a model need to know, from its settings and where it stands."""
    head = store.head(connection.name, sync.name)
    model = known_model(sync, head) if request.update else sync.model(connection.source)
    made = sync.transform.made(model)
    was, now = _key_before(head), key_of(model)
    if was and was != now:
        message = f"the key of model {sync.name} has changed from {', '.join(was)} to {', '.join(now)}"
        raise ConfigError(
            message,
            where=sync.where,
            hint=f"`syncline forget {connection.name} {sync.name}`, then sync into a new table",
        )
    if sync.name in request.approve and not _has_list(storage, store.tenant, connection, sync, request):
        raise ConfigError(
            f"model {sync.name} has no list `{request.approve[sync.name]}` to approve", hint="look at it again"
        )
    destination = connection.destination
    scope = f"{store.tenant}/{connection.name}/{sync.name}"
    plan_id = f"{fence:012d}-{quote(sync.name, safe='')}"
    is_replay = destination is not None and _is_replay(destination, made, sync.target, scope, head)
    if not is_replay:
        _require_same_key(connection, sync, made, head)
    return Work(
        connection=connection,
        sync=sync,
        model=model,
        made=made,
        head=head,
        request=request,
        mode=_mode(connection, sync, request, head, model),
        storage=storage,
        tenant=store.tenant,
        id=plan_id,
        folder=f"{home(store.tenant, connection.name, sync.name)}/{plan_id}",
        fence=fence,
        is_replay=is_replay,
        guard=guard,
        report=report,
    )


def _has_list(storage: Storage, tenant: str, connection: Connection, sync: ModelSync, request: Request) -> bool:
    """The list that is to be approved is still there."""
    return (
        storage.root / home(tenant, connection.name, sync.name) / request.approve[sync.name] / "owed.parquet"
    ).exists()


def _is_replay(destination: Destination, model: DataModel, target: Target, scope: str, head: Head) -> bool:
    """What was sent is not there: another table, another destination, or one that was emptied (R5)."""
    if head.is_new or head.promised:
        return False
    if head.target != works.target(target):
        return True
    known = destination.holds(model, target, scope, head.plan) if head.plan else None
    return head.destination != destination.identity() if known is None else not known


def known_model(sync: ModelSync, head: Head) -> DataModel:
    """What a row was when the source was last read: a configuration update does not ask it (R5)."""
    if not head.snapshot.files:
        raise ConfigError(f"model {sync.name} was never synced", where=sync.where, hint="syncline run")
    return replace(head.snapshot.files[-1].model(head.key), name=sync.name)


def _require_same_key(connection: Connection, sync: ModelSync, made: DataModel, head: Head) -> None:
    """What is there is named by its key: with another one it cannot be found again."""
    was, now = head.made_key, key_of(made)
    if was and was != now and head.sent.files and not head.promised:
        message = f"the key of {sync.target.table} has changed from {', '.join(was)} to {', '.join(now)}"
        hint = f"sync into a new table (`to: {{table: …}}`), or `syncline forget {connection.name} {sync.name}`"
        raise ConfigError(message, where=sync.where, hint=hint)


def _key_before(head: Head) -> tuple[str, ...]:
    """The key that the snapshot was written with; empty: there is none yet."""
    if not head.snapshot.files:
        return ()
    return key_of(head.snapshot.files[-1].model(head.key))


def _mode(connection: Connection, sync: ModelSync, request: Request, head: Head, model: DataModel) -> SyncMode:
    """An incremental read needs cursors, taken with the same settings; else it is a full one (R5, R7, R33)."""
    asked = request.mode(connection, sync)
    if request.update:
        return asked
    fingerprint = read_fingerprint(sync, model, connection.source.identity())
    if asked is not SyncMode.INCREMENTAL:
        return asked
    is_known = head.cursors and head.read == fingerprint and connection.source.reaches(sync.origin, head.cursors)
    return asked if is_known else SyncMode.FULL
