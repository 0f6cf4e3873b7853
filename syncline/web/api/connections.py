"""Connections, as programs see them; settings of their ends are not shown, for there may be secrets among them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from syncline.connection import Connection, ModelSync, Schedule
from syncline.web.api.body import ConnectionName
from syncline.web.visit import CanRead, Visit

router = APIRouter(prefix="/connections", tags=["connections"])


@router.get("", operation_id="list_connections")
def list_connections(visit: CanRead) -> dict[str, Any]:
    """All connections, by name; and what is wrong with those that cannot be used."""
    shown = [_shown(visit, connection) for _, connection in sorted(visit.connections.items())]
    wrong = [{"file": file, "problem": str(error)} for file, error in sorted(visit.errors.items())]
    return {"items": shown, "errors": wrong, "next": None}


@router.get("/{connection}", operation_id="read_connection")
def read_connection(connection: ConnectionName, visit: CanRead) -> dict[str, Any]:
    """One connection."""
    return _shown(visit, visit.connection(connection))


def _shown(visit: Visit, connection: Connection) -> dict[str, Any]:
    active = visit.store.active(connection.name)
    return {
        "name": connection.name,
        "source": type(connection.source).__name__,
        "destination": None if connection.destination is None else type(connection.destination).__name__,
        "features": sorted(connection.features),
        "activeRun": None if active is None else active.id,
        "models": [_model(model) for model in connection.in_order()],
    }


def _model(model: ModelSync) -> dict[str, Any]:
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


def _schedule(schedule: Schedule) -> dict[str, Any]:
    every = None if schedule.every is None else schedule.every.total_seconds()
    return {"every": every, "cron": schedule.cron, "timezone": schedule.timezone, "mode": schedule.mode}
