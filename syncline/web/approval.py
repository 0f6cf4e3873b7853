"""Letting go what was withheld: exactly what was shown (R26)."""

from __future__ import annotations

from collections.abc import Mapping

from syncline.connection import Connection
from syncline.owed import AWAITING
from syncline.pipeline.record import keeps_list
from syncline.request import Request
from syncline.web.problem import Problem
from syncline.web.visit import Visit


def approval(visit: Visit, connection: Connection, shown: Mapping[str, str]) -> Request:
    """The request that lets these lists go: model -> the list that somebody was shown.

    Raises:
        ConfigError: there is no such model.
        Problem: 409, nothing of a list waits any more.
    """
    request = Request.parse({"approve": dict(shown)})
    request.models(connection)
    heads, site = visit.store.heads(connection.name), visit.site
    for model, name in request.approve.items():
        waits = model in heads and any(heads[model].owing.get(kind) for kind in AWAITING)
        if not waits or not keeps_list(site.workspace.storage, visit.caller.tenant, connection.name, model, name):
            raise Problem(409, f"nothing of this list of model {model} waits any more", hint="look at it again")
    return request
