"""What is owed, and why (P1.5, P6.9)."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from syncline.export import Options
from syncline.export.json import objects
from syncline.owed import KIND, MADE, REASON
from syncline.pipeline.record import owed_now
from syncline.run import Entry, Head, told
from syncline.web import paging
from syncline.web.api import shape
from syncline.web.api.body import ConnectionName, ModelName, RunId
from syncline.web.problem import Problem
from syncline.web.visit import CanRead

router = APIRouter(tags=["entries"])
_Closed = Annotated[bool, Query(description="Those too that are settled by now.")]


@router.get("/connections/{connection}/entries", operation_id="list_entries")
def list_entries(
    connection: ConnectionName,
    visit: CanRead,
    *,
    model: Annotated[str | None, Query(max_length=200)] = None,
    closed: _Closed = False,
    after: paging.After = None,
    limit: paging.Limit = 50,
) -> shape.Entries:
    """What the models of a connection owe, by reason."""
    found = visit.store.entries(visit.connection(connection).name, model=model, closed=closed)
    return paging.cut(found, after, limit, _entry, _place)


@router.get("/runs/{run}/entries", operation_id="list_run_entries")
def list_run_entries(
    run: RunId, visit: CanRead, *, after: paging.After = None, limit: paging.Limit = 50
) -> shape.Entries:
    """What the run has noted as owed, by reason; what a later run has noted anew stands there."""
    found = visit.run(run)
    entries = visit.store.entries(found.connection, run=found.id, closed=True)
    return paging.cut(entries, after, limit, _entry, _place)


@router.get("/connections/{connection}/models/{model}/owed", operation_id="list_owed", response_model=shape.Owed)
def list_owed(
    connection: ConnectionName,
    model: ModelName,
    visit: CanRead,
    *,
    kind: Literal["rejected", "outranked", "refused", "failed", "withheld", "absent"] | None = None,
    after: Annotated[str | None, Query(pattern=r"^[^:]{0,255}:[0-9]{1,15}$", description=paging.NEXT)] = None,
    limit: paging.Limit = 50,
) -> Response:
    """The rows that are owed, by their key, each with its reason; `list` is what is approved of them (R26).

    A page of a list that is another one by now is a 409: begin with the first.
    """
    found = visit.model(connection, model)
    head = visit.store.head(connection, found.name)
    start = _start(head, after)
    texts = list(islice(_owed(head, kind, visit.site.workspace.storage), start, start + limit + 1))
    more = f"{head.owed_list}:{start + limit}" if len(texts) > limit else None
    return paging.written(texts[:limit], more, list=head.owed_list or None)


def _start(head: Head, after: str | None) -> int:
    shown, _, start = (after or f"{head.owed_list}:0").rpartition(":")
    if shown != head.owed_list:
        raise Problem(409, "the list of what is owed is another one by now", hint="begin with the first page")
    return int(start)


def _owed(head: Head, kind: str | None, storage: Any) -> list[str]:
    rows = owed_now(head, storage)
    names = [name for name in rows.column_names if name not in (KIND, REASON)]
    found = []
    for batch in rows.to_batches():
        keys = objects(batch.select(names).rename_columns([name.removeprefix(MADE) for name in names]), Options())
        kinds, reasons = batch.column(KIND).to_pylist(), batch.column(REASON).to_pylist()
        found += [
            f'{{"key":{key},"kind":{json.dumps(one)},"reason":{json.dumps(reason)}}}'
            for key, one, reason in zip(keys.to_pylist(), kinds, reasons, strict=True)
            if kind in (None, one)
        ]
    return found


def _place(entry: Entry) -> tuple[str, ...]:
    """Its place in a list, from the oldest of each model on."""
    return entry.model, str(entry.created_at), entry.id


def _entry(entry: Entry) -> shape.Entry:
    return {
        "id": entry.id,
        "connection": entry.connection,
        "model": entry.model,
        "kind": entry.kind,
        "reason": entry.reason,
        "count": entry.count,
        "sample": list(entry.sample),
        "run": entry.run,
        "createdAt": told(entry.created_at),
        "closedAt": told(entry.closed_at),
    }
