"""Whom a request addresses: under a name that is not ours a stranger's page could read our answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from syncline.web.answer import refuse
from syncline.web.problem import Problem
from syncline.web.site import site_of

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Host:
    """Refuses other names than `localhost`, addresses in figures and those in the settings, and what is no text."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan" or (problem := _problem(HTTPConnection(scope))) is None:
            await self.app(scope, receive, send)
        else:
            await refuse(problem, scope, receive, send)


def _problem(request: HTTPConnection) -> Problem | None:
    host = request.headers.get("host", "")
    if not _is_ours(request, host):
        return Problem(400, "this is not a name of this server", hint="add it in syncline.yaml: web: {hosts: [NAME]}")
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        return Problem(400, "an address has no U+0000 in it")
    return None


def _is_ours(request: HTTPConnection, host: str) -> bool:
    found = _HOST.fullmatch(host)
    if not found:
        return False
    name = found[1].strip("[]").lower()
    if name == "localhost" or name in site_of(request).hosts:
        return True
    try:
        return bool(ip_address(name))
    except ValueError:
        return False
