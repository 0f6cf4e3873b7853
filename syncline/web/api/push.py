"""Rows that others push, in bulk (P5): all of a request or nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn
from uuid import NAMESPACE_OID, uuid4, uuid5

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from syncline.datatype import name as type_name
from syncline.errors import ConfigError
from syncline.people import checked_tenant
from syncline.pushed import text
from syncline.pushed.item import Row, Unfit, fit, guids
from syncline.pushed.model import COMPANY, PushModel
from syncline.pushed.store import Change, Outcome, Ticket
from syncline.web.api import shape
from syncline.web.problem import At, Problem, invalid, not_found
from syncline.web.visit import CanPush, Visit

router = APIRouter(prefix="/sync", tags=["sync"])
_ITEMS = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
    }
}
_GUIDS = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "array", "items": {"type": ["string", "object"]}}}},
    }
}


class SyncResult(BaseModel):
    """What became of the items of a request."""

    inserted: int = Field(description="How many were new.")
    updated: int = Field(description="How many were known, also those that were equal to what is there.")
    guids: list[str] | None = Field(
        None, description="The GUIDs of the items in their order, where they were asked for."
    )


class Deleted(BaseModel):
    """What became of the GUIDs of a request."""

    deleted: int = Field(description="How many items were there, and are not any more.")


async def _body(request: Request) -> bytes:
    return await request.body()


_Body = Annotated[bytes, Depends(_body)]
_Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="A request with it counts once a day."),
]
_Prefer = Annotated[str, Header(description="`return=representation`: the answer has the GUIDs of the items, too.")]


@router.get("", operation_id="list_pushed_models")
def list_models(visit: CanPush) -> shape.PushModels:
    """The models that rows can be pushed of, with their columns."""
    models = visit.site.workspace.settings.push
    return {"items": [_shown(model) for _, model in sorted(models.items())], "next": None}


@router.post("/{model}", operation_id="push_items", response_model=SyncResult, openapi_extra=_ITEMS)
def push(model: str, visit: CanPush, body: _Body, key: _Key = None, prefer: _Prefer = "") -> JSONResponse:
    """Insert and update items: a known GUID of the company is updated, an unknown one created, a missing one made."""
    known = _model(visit, model)
    items = _items(body, known)
    _check_companies(items, visit)
    ticket = _ticket("POST", model, body, key)

    def made(index: int) -> str:
        if ticket is None:
            return str(uuid4())
        return str(uuid5(NAMESPACE_OID, f"{visit.caller.tenant} {ticket.key} {ticket.digest} {index}"))

    try:
        rows = fit(items, known, visit.caller.tenant, made)
    except Unfit as error:
        _refuse(error)
    done = visit.pushed.push(_changes(known.name, rows), ticket)
    wants_guids = "return=representation" in prefer.replace(" ", "").lower()
    more = {"guids": [row.guid for row in rows]} if wants_guids else {}
    headers = {"Preference-Applied": "return=representation"} if wants_guids else {}
    return _answer({"inserted": done.inserted, "updated": done.updated, **more}, done, headers)


@router.delete("/{model}", operation_id="delete_items", response_model=Deleted, openapi_extra=_GUIDS)
def delete(model: str, visit: CanPush, body: _Body, key: _Key = None) -> JSONResponse:
    """Delete items by their GUIDs; those that are not there are let pass."""
    known = _model(visit, model)
    items = _items(body, known)
    _check_companies(items, visit)
    try:
        named = guids(items, visit.caller.tenant)
    except Unfit as error:
        _refuse(error)
    gone = defaultdict(list)
    for company, guid in named:
        gone[company].append(guid)
    changes = [Change(company, known.name, gone=each) for company, each in gone.items()]
    done = visit.pushed.push(changes, _ticket("DELETE", model, body, key))
    return _answer({"deleted": done.deleted}, done, {})


def _model(visit: Visit, name: str) -> PushModel:
    models = visit.site.workspace.settings.push
    return models[name] if name in models else not_found(f"model `{name}` to push to")


def _items(body: bytes, model: PushModel) -> list[Any]:
    items = text.items(body)
    if len(items) > model.batch:
        message = f"{len(items):,} items are more than the {model.batch:,} that one request may bring"
        raise Problem(400, message, hint="send them in several requests")
    return items


def _check_companies(items: Sequence[Any], visit: Visit) -> None:
    """Everybody acts for their own company, a SystemAdmin for any (P5.8, P5.9)."""
    named: dict[str, int] = {}
    for index, item in enumerate(items):
        if isinstance(item, dict) and isinstance(company := item.get(COMPANY), str):
            named.setdefault(company, index)
    foreign = {company: index for company, index in named.items() if not visit.caller.may_act_for(company)}
    if foreign:
        errors = [At("you cannot act for this company", (index, COMPANY)) for index in foreign.values()]
        hint = f"leave `{COMPANY}` out, or name your own"
        raise Problem(403, "items name another company than yours", hint=hint, errors=errors)
    for company, index in named.items():
        try:
            checked_tenant(company)
        except ConfigError as error:
            invalid([At(error.message, (index, COMPANY))])


def _ticket(method: str, model: str, body: bytes, key: str | None) -> Ticket | None:
    if key is None:
        return None
    return Ticket(key, hashlib.sha256(f"{method} {model}\n".encode() + body).hexdigest())


def _changes(model: str, rows: Sequence[Row]) -> list[Change]:
    of: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        of[row.company][row.guid] = row.text
    return [Change(company, model, each) for company, each in of.items()]


def _refuse(error: Unfit) -> NoReturn:
    errors = [
        At(misfit.reason, (misfit.item, misfit.field) if misfit.field else (misfit.item,)) for misfit in error.misfits
    ]
    told = "one value does not fit" if error.count == 1 else f"{error.count:,} values do not fit"
    raise Problem(422, told, errors=errors) from error


def _answer(content: dict[str, Any], done: Outcome, headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(content, headers=headers | ({"Idempotency-Replayed": "true"} if done.is_replay else {}))


def _shown(model: PushModel) -> shape.PushModel:
    columns: list[shape.PushColumn] = [
        {"name": one.name, "type": type_name(one.type), "required": one.name in model.required} for one in model.columns
    ]
    return {"name": model.name, "columns": columns, "batch": model.batch}
