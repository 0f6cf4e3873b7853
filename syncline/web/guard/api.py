"""Who asks the API: told before anything of the request is read, so that what strangers send is not looked at."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from syncline.errors import SynclineError
from syncline.web.answer import problem_of, refuse
from syncline.web.site import DESCRIPTION, is_api
from syncline.web.visit import caller_of


@dataclass(frozen=True, slots=True)
class Api:
    """Lets in to the API whom we know, and answers HEAD wherever there is a GET; its description is for anybody."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not is_api(request := HTTPConnection(scope)):
            await self.app(scope, receive, send)
            return
        try:
            if request.url.path != DESCRIPTION:
                request.state.caller = await run_in_threadpool(caller_of, request)
        except (HTTPException, SynclineError) as error:
            await refuse(problem_of(error), scope, receive, send)
            return
        looked_at = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        await self.app(looked_at, receive, send)  # the server itself leaves out the body of an answer to HEAD
