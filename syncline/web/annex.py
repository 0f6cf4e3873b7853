"""Pages of others that are found under our address: for a SystemAdmin alone, since they know no users themselves."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from syncline.people import Role
from syncline.web.answer import answer
from syncline.web.problem import forbidden
from syncline.web.session import SAFE, check_origin
from syncline.web.visit import caller_of


@dataclass(frozen=True, slots=True)
class Annex:
    """Lets a SystemAdmin in to another app; a browser must have been sent by a page of this site."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or open a web socket."""
        request = HTTPConnection(scope)
        try:
            caller = await run_in_threadpool(caller_of, request)
            if caller.role is not Role.SYSTEM_ADMIN:
                forbidden(f"this is for a {Role.SYSTEM_ADMIN}")
            if scope["type"] == "websocket" or scope["method"] not in SAFE:
                check_origin(request)
        except HTTPException as problem:
            await _refuse(problem, scope, receive, send)
            return
        await self.app(scope, receive, send)


async def _refuse(problem: HTTPException, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    response = await run_in_threadpool(answer, Request(scope), problem)
    await response(scope, receive, send)
