"""The journey of a row: every change to one key (P6.7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote

import pyarrow as pa
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from syncline.export import Options
from syncline.export.json import objects
from syncline.insight.journey import Event, journey
from syncline.run import told
from syncline.web import paging
from syncline.web.api import shape
from syncline.web.api.body import ConnectionName, ModelName
from syncline.web.problem import not_found
from syncline.web.visit import CanRead

router = APIRouter(prefix="/connections", tags=["rows"])
_ABOUT = "The value of its key; several with commas between, and commas in them encoded twice, as %252C."


@router.get("/{connection}/models/{model}/rows/{key:path}", operation_id="read_row", response_model=shape.Journey)
def read_row(
    connection: ConnectionName,
    model: ModelName,
    key: Annotated[str, Path(max_length=2000, description=_ABOUT)],
    visit: CanRead,
    *,
    after: Annotated[str, Query(max_length=300, description=paging.NEXT)] = "",
) -> Response:
    """Every change to one row, newest first, as far back as changesets are kept, and why it was owed."""
    sync = visit.model(connection, model)
    head = visit.store.head(connection, sync.name)
    if not head.key:
        not_found(f"row of model {model}: it was never synced")
    values = [key] if len(head.key) == 1 else [unquote(value) for value in key.split(",")]
    found = journey(visit.site.workspace.storage, visit.store, connection, sync.name, values, before=after)
    names = dict(zip(head.key, found.key, strict=True))
    return paging.written([_event(event) for event in found.events], found.older or None, key=names)


def _event(event: Event) -> str:
    change = event.change
    known = {
        "at": told(event.at),
        "run": event.run.id if event.run else None,
        "operation": change.operation if change else None,
        "kind": event.kind or None,
        "reason": event.reason or None,
        "settled": event.is_settled,
    }
    before, after = (_row(change.before), _row(change.after)) if change else ("null", "null")
    return f'{json.dumps(known)[:-1]},"before":{before},"after":{after}}}'


def _row(row: Mapping[str, Any] | None) -> str:
    return "null" if row is None else str(objects(pa.RecordBatch.from_pylist([dict(row)]), Options())[0].as_py())
