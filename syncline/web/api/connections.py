"""Connections, as programs see them; settings of their ends are not shown, for there may be secrets among them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Header
from starlette.responses import Response

from syncline.authored import Authored
from syncline.connection import Connection, ModelSync, Schedule
from syncline.errors import TransientError
from syncline.insight.finding import Finding, findings_of, place_findings
from syncline.web.api import shape
from syncline.web.api.body import ConnectionName, ConnectionToMake
from syncline.web.problem import At, Problem, forbidden, invalid, not_found
from syncline.web.starter import refuse_while_active
from syncline.web.visit import CanAdmin, CanRead, CanRun, Visit

router = APIRouter(prefix="/connections", tags=["connections"])
_Said = dict[str, Any]
_TAG = {"ETag": {"description": "Its state.", "schema": {"type": "string"}}}
_PLACE = {"Location": {"description": "Where it is shown.", "schema": {"type": "string"}}}
_TAGGED: dict[int | str, dict[str, Any]] = {200: {"description": "It.", "headers": _TAG}}
_SHOWN = _TAGGED | {304: {"description": "It is as it was.", "headers": _TAG}}
_MADE: dict[int | str, dict[str, Any]] = {201: {"description": "It.", "headers": _TAG | _PLACE}}
Seen = Annotated[str | None, Header(max_length=200, description="The ETag of the state that was looked at.")]


@router.get("", operation_id="list_connections")
def list_connections(visit: CanRead) -> shape.Connections:
    """All connections, by name; and what is wrong with those that cannot be used."""
    shown = [_shown(visit, connection) for _, connection in sorted(visit.connections.items())]
    wrong: list[shape.Broken] = [{"file": file, "problem": str(error)} for file, error in sorted(visit.errors.items())]
    return {"items": shown, "errors": wrong, "next": None}


@router.get("/{connection}", operation_id="read_connection", responses=_TAGGED)
def read_connection(connection: ConnectionName, visit: CanRead, response: Response) -> shape.Connection:
    """One connection; who changes it names the `ETag` that comes with it."""
    found = visit.connection(connection)
    response.headers["ETag"] = f'"{_authored(visit).tag(connection)}"'
    return _shown(visit, found)


@router.get("/{connection}/settings", operation_id="read_connection_settings", response_model=_Said, responses=_SHOWN)
def read_connection_settings(
    connection: ConnectionName, visit: CanRead, response: Response, if_none_match: Seen = None
) -> dict[str, Any] | Response:
    """What a connection says that the API has made; secrets stand as `{"secret": null}`."""
    _check_there(visit, connection)
    tag = _authored(visit).tag(connection)
    headers = {"ETag": f'"{tag}"'}
    if if_none_match is not None and {tag, "*"} & {*_tags(if_none_match)}:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return _authored(visit).read(connection)


@router.post("", operation_id="create_connection", status_code=201, responses=_MADE)
def create_connection(visit: CanAdmin, given: ConnectionToMake, response: Response) -> shape.Connection:
    """Make a connection (P2.8): a file in the workspace, which says what a person would have written."""
    name = given.connection or invalid([At("a new connection needs a name", ("connection",))])
    _refuse_others(visit)
    made = _authored(visit).create(name, given.settings())
    visit.note("connection made", name)
    response.headers["Location"] = f"/api/v1/connections/{quote(name)}"
    return _followed(visit, made, response)


@router.put("/{connection}", operation_id="change_connection", responses=_TAGGED)
def change_connection(
    connection: ConnectionName, visit: CanAdmin, given: ConnectionToMake, response: Response, if_match: Seen = None
) -> shape.Connection:
    """Put this in the place of what a connection says."""
    _check_there(visit, connection)
    if given.connection not in (None, connection):
        invalid([At("a connection keeps its name; make another one", ("connection",))])
    made = _authored(visit).change(connection, given.settings(), _seen(visit, connection, if_match))
    visit.note("connection changed", connection)
    return _followed(visit, made, response)


@router.delete("/{connection}", operation_id="delete_connection", status_code=204, response_class=Response)
def delete_connection(connection: ConnectionName, visit: CanAdmin, if_match: Seen = None) -> Response:
    """Remove a connection; its runs stay in the history, and its rows at the destination."""
    _check_there(visit, connection)
    seen = _seen(visit, connection, if_match)
    refuse_while_active(visit.store, connection)
    _authored(visit).remove(connection, seen)
    _follow(visit)
    visit.note("connection removed", connection)
    return Response(status_code=204)


@router.post("/{connection}/check", operation_id="check_connection")
def check_connection(connection: ConnectionName, visit: CanRun) -> shape.Checked:
    """Reach both ends and look over columns and keys; nothing is changed."""
    found, workspace = visit.connection(connection), visit.site.workspace
    _authored(visit).check(connection)
    findings = [*findings_of(found, workspace.clashes), *place_findings(found, workspace.storage, visit.caller.tenant)]
    problems = [finding for finding in findings if finding.problem]
    return {"ok": not problems, "findings": [_finding(finding) for finding in findings]}


def _finding(finding: Finding) -> shape.Finding:
    return cast("shape.Finding", asdict(finding))


def _authored(visit: Visit) -> Authored:
    return Authored(visit.site.workspace)


def _check_there(visit: Visit, connection: str) -> None:
    """A connection that cannot be used as it is can be mended, or removed."""
    if visit.caller.tenant != visit.site.tenant or not _authored(visit).has(connection):
        not_found(f"connection `{connection}`")


def _follow(visit: Visit) -> None:
    """Have the orchestrator know; if it does not answer now, it is told when a run is started, or begins to serve."""
    with suppress(TransientError):
        visit.site.starter.follow()


def _refuse_others(visit: Visit) -> None:
    """Connections are files of the workspace, which belongs to one company."""
    if visit.caller.tenant != visit.site.tenant:
        forbidden("connections are made by the company that the workspace belongs to")


def _seen(visit: Visit, connection: str, if_match: str | None) -> str:
    """The state that was looked at: one of several, or with `*` whatever there is."""
    if if_match is None:
        raise Problem(428, "say which state of the connection you have seen", hint="If-Match: its ETag")
    tags = _tags(if_match)
    now = _authored(visit).tag(connection)
    return now if now in tags or "*" in tags else tags[0]


def _tags(header: str) -> list[str]:
    """The tags of `If-Match` or `If-None-Match`; also those that a proxy made weak, or that came without quotes."""
    return [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]


def _followed(visit: Visit, made: Connection, response: Response) -> shape.Connection:
    _follow(visit)
    response.headers["ETag"] = f'"{_authored(visit).tag(made.name)}"'
    return _shown(visit, made)


def _shown(visit: Visit, connection: Connection) -> shape.Connection:
    active = visit.store.active(connection.name)
    return {
        "name": connection.name,
        "source": type(connection.source).__name__,
        "destination": None if connection.destination is None else type(connection.destination).__name__,
        "features": sorted(connection.features),
        "editable": visit.site.workspace.settings.api.edit or _authored(visit).is_ours(connection.name),
        "activeRun": None if active is None else active.id,
        "models": [_model(model) for model in connection.in_order()],
    }


def _model(model: ModelSync) -> shape.Model:
    return {
        "name": model.name,
        "from": model.origin,
        "key": list(model.key),
        "cursor": model.cursor,
        "table": model.target.table,
        "priority": model.priority,
        "schedule": None if model.schedule is None else _schedule(model.schedule),
        "files": [publication.suffix for publication in model.publish],
    }


def _schedule(schedule: Schedule) -> shape.Schedule:
    every = None if schedule.every is None else schedule.every.total_seconds()
    return {"every": every, "cron": schedule.cron, "timezone": schedule.timezone, "mode": schedule.mode}
