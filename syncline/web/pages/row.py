"""Single rows: the journey of one, and the deletions that wait for a person."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

import pyarrow.compute as pc
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from syncline.errors import ConfigError
from syncline.insight.journey import Journey, journey
from syncline.owed import AWAITING, KIND, REASON
from syncline.pipeline.record import owed_now
from syncline.plain import texts
from syncline.web.page import page, redirect
from syncline.web.pages.changes import WIDE
from syncline.web.visit import CanRead, Visit

router = APIRouter()
SHOWN = 100
_Name = Annotated[str, Query(max_length=1000)]
_Start = Annotated[int, Query(ge=0, le=10**12)]


@router.get("/connections/{connection}/journey")
def find_row(connection: str, visit: CanRead, model: _Name, key: _Name = "") -> Response:
    """The way to the journey of a row, from a form in which its model is chosen."""
    visit.model(connection, model)  # or 404
    way = "/".join(quote(name, safe="") for name in (connection, model))
    return redirect(f"/connections/{way}/journey?{urlencode({'key': key})}")


@router.get("/connections/{connection}/{model}/journey", response_class=HTMLResponse)
def row_journey(
    request: Request,
    connection: str,
    model: str,
    visit: CanRead,
    *,
    key: Annotated[list[str] | None, Query(max_length=50)] = None,
    before: Annotated[str, Query(max_length=300)] = "",
) -> HTMLResponse:
    """What happened to one row (P6.7)."""
    visit.model(connection, model)  # or 404
    columns = visit.store.head(connection, model).key
    values = _values(key or [], len(columns))
    found, problem = _journey(visit, connection, model, values, before) if values else (None, "")
    data = {"connection": connection, "model": model, "columns": columns, "values": values}
    return page(request, "journey.html", journey=found, problem=problem, row=data, before=before, wide=WIDE)


@router.get("/connections/{connection}/{model}/waiting", response_class=HTMLResponse)
def waiting(request: Request, connection: str, model: str, visit: CanRead, *, start: _Start = 0) -> HTMLResponse:
    """The deletions that wait: all of them can be looked at, and exactly these are approved (R26)."""
    visit.model(connection, model)  # or 404
    head = visit.store.head(connection, model)
    owed = owed_now(head, visit.site.workspace.storage)
    rows = owed.filter(pc.is_in(owed.column(KIND), texts(*AWAITING)))
    columns = [name for name in rows.column_names if name not in (KIND, REASON)]
    shown = rows.slice(start, SHOWN).to_pylist()
    data = {"connection": connection, "model": model, "columns": columns, "shown": shown}
    return page(request, "waiting.html", row=data, list=head.owed_list, total=rows.num_rows, start=start, shown=SHOWN)


def _values(key: list[str], wanted: int) -> list[str]:
    """The values of the key, of which several may be given as one text."""
    values = [value[:1000].replace("\0", "") for value in key]
    if len(values) == 1 and wanted > 1 and len(parts := values[0].split(", ")) == wanted:
        return parts
    return values


def _journey(visit: Visit, connection: str, model: str, key: list[str], before: str) -> tuple[Journey | None, str]:
    try:
        return journey(visit.site.workspace.storage, visit.store, connection, model, key, before=before), ""
    except ConfigError as error:
        return None, f"{error.message}{f': {error.hint}' if error.hint else ''}"
