"""What is owed, and why (P1.5, P6.9)."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from syncline.export import Options
from syncline.export.json import objects
from syncline.owed import KIND, MADE, REASON
from syncline.pipeline.record import owed_now
from syncline.run import Entry, Head
from syncline.web import paging
from syncline.web.api.body import ConnectionName, ModelName, RunId
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
    after: paging.Offset = None,
    limit: paging.Limit = 50,
) -> dict[str, Any]:
    """What the models of a connection owe, by reason."""
    found = visit.store.entries(visit.connection(connection).name, model=model, closed=closed)
    return paging.cut(found, after, limit, _entry)


@router.get("/runs/{run}/entries", operation_id="list_run_entries")
def list_run_entries(
    run: RunId, visit: CanRead, *, after: paging.Offset = None, limit: paging.Limit = 50
) -> dict[str, Any]:
    """What the run has noted as owed, by reason; what a later run has noted anew stands there."""
    found = visit.run(run)
    entries = [one for one in visit.store.entries(found.connection, closed=True) if one.run == found.id]
    return paging.cut(entries, after, limit, _entry)


@router.get("/connections/{connection}/models/{model}/owed", operation_id="list_owed", response_class=Response)
def list_owed(
    connection: ConnectionName,
    model: ModelName,
    visit: CanRead,
    *,
    kind: Annotated[str | None, Query(max_length=40, description="withheld, rejected, …")] = None,
    after: paging.Offset = None,
    limit: paging.Limit = 50,
) -> Response:
    """The rows that are owed, by their key, each with its reason; `list` is what is approved of them (R26)."""
    found = visit.model(connection, model)
    head, start = visit.store.head(connection, found.name), paging.offset(after)
    texts = list(islice(_owed(head, kind, visit.site.workspace.storage), start, start + limit + 1))
    more = json.dumps(str(start + limit) if len(texts) > limit else None)
    head_list = json.dumps(head.owed_list or None)
    whole = f'{{"list":{head_list},"items":[{",".join(texts[:limit])}],"next":{more}}}'
    return Response(whole.encode(), media_type="application/json")


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


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "connection": entry.connection,
        "model": entry.model,
        "kind": entry.kind,
        "reason": entry.reason,
        "count": entry.count,
        "sample": list(entry.sample),
        "run": entry.run,
        "createdAt": paging.told(entry.created_at),
        "closedAt": paging.told(entry.closed_at),
    }
