"""What one model's part of a run has sent: row by row, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from syncline.change import OPERATIONS, Change, read_changes
from syncline.changes import Operation
from syncline.errors import DataError
from syncline.pipeline.record import plan_of
from syncline.run import ModelRun, Run
from syncline.web.page import page
from syncline.web.visit import CanRead, Visit

router = APIRouter()
SHOWN = 50
WIDE = 12
"""Of rows with more columns than this, those that were updated are shown by what differs."""
_KINDS: tuple[Operation, ...] = ("insert", "update", "delete")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some rows of a changeset.

    Args:
        columns, key, origin: of the rows; which of them name one at the destination, and at the source.
        changes: the rows.
        counts: operation -> how many there are in the whole changeset.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    origin: tuple[str, ...]
    changes: tuple[Change, ...]
    counts: Mapping[str, int]


@router.get("/settings/syncs/{run}/changes/{model}", response_class=HTMLResponse)
def changes(
    request: Request,
    run: str,
    model: str,
    visit: CanRead,
    *,
    kind: Annotated[str, Query(max_length=20)] = "",
    columns: Annotated[str, Query(max_length=20)] = "",
    start: Annotated[int, Query(ge=0, le=10**12)] = 0,
) -> HTMLResponse:
    """A page of the changeset; all its columns if `columns` is `all`."""
    found = visit.run(run)
    part = visit.part(found, model)
    wanted = next((one for one in _KINDS if one == kind), None)
    rows, problem = _sheet(visit, found, part, wanted, start)
    total = sum(count for one, count in rows.counts.items() if wanted in (None, one)) if rows else 0
    return page(
        request,
        "changes.html",
        run=found,
        part=part,
        sheet=rows,
        problem=problem,
        kind=wanted or "",
        kinds=_KINDS,
        columns=_columns(rows, columns) if rows else (),
        chosen="all" if columns == "all" else "",
        figures=_figures(rows) if rows else frozenset(),
        start=start,
        shown=SHOWN,
        total=total,
    )


def _columns(sheet: Sheet, wanted: str) -> tuple[str, ...]:
    """The columns that are shown: of updated rows with many of them, those that name the row or differ; or all."""
    if wanted == "all" or len(sheet.columns) <= WIDE or any(change.operation != "update" for change in sheet.changes):
        return sheet.columns
    shown = set(sheet.key).union(*(change.differing for change in sheet.changes))
    return tuple(name for name in sheet.columns if name in shown)


def _figures(sheet: Sheet) -> frozenset[str]:
    """The columns of numbers, which are read from the right."""
    kinds = {name: {type(change.row[name]) for change in sheet.changes} - {type(None)} for name in sheet.columns}
    return frozenset(name for name, found in kinds.items() if found and found <= {int, float, Decimal})


def _sheet(visit: Visit, run: Run, part: ModelRun, wanted: Operation | None, start: int) -> tuple[Sheet | None, str]:
    storage = visit.site.workspace.storage
    try:
        plan = plan_of(run, part, storage)
        if plan is None:
            return None, ""
        origin = plan.files[0].source_key
        changeset = replace(plan.changeset(storage), model=plan.files[0].model(plan.model.key))
        changes = read_changes(changeset, (wanted,) if wanted else OPERATIONS, start=start, limit=SHOWN)
    except DataError as error:
        return None, str(error.message)
    counts = {"insert": changeset.inserted, "update": changeset.updated, "delete": changeset.deleted}
    return Sheet(tuple(plan.model.schema.names), plan.model.key, origin, tuple(changes), counts), ""
