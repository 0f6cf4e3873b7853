"""How a problem is told: to programs as JSON, to people as a page."""

from __future__ import annotations

import json
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from syncline.errors import SynclineError
from syncline.web.page import came_from, page, way
from syncline.web.problem import MEDIA_TYPE, Problem, of_error, of_validation
from syncline.web.site import DESCRIPTION, address_of, is_api, site_of
from syncline.web.visit import Visit, known

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a problem before the app has seen the request."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await told(problem)(scope, receive, send)


def told(problem: Problem) -> Response:
    """A problem as programs are told."""
    content = json.dumps(problem.as_json(), ensure_ascii=False).encode(errors="replace")
    return Response(content, problem.status_code, dict(problem.headers or {}), MEDIA_TYPE)


def answer(request: Request, error: Exception) -> Response:
    """What becomes of an error that ended a request."""
    problem = problem_of(error)
    if is_api(request) and isinstance(error, HTTPException) and not isinstance(error, Problem):
        problem = _missed(request, problem)
    if problem.status_code >= 500:  # noqa: PLR2004
        request.state.visit = None  # what broke may be what the page would ask
    if is_api(request) or "text/html" not in request.headers.get("accept", ""):
        return told(problem)
    if problem.status_code == 401:  # noqa: PLR2004
        if request.method == "GET":
            return RedirectResponse(f"/login?next={quote(way(request), safe='')}", 303)
        problem = Problem(401, "you are not logged in any more", hint="nothing was done: log in, and send it once more")
    elif problem.status_code < 500 and not hasattr(request.state, "visit"):  # noqa: PLR2004
        caller = known(request)
        request.state.visit = caller and Visit(site_of(request), caller, address_of(request))
    about = {"problem": problem, "came": came_from(request)}
    return page(request, "problem.html", status=problem.status_code, headers=problem.headers, **about)


def _missed(request: Request, problem: Problem) -> Problem:
    """What is told who asks for an address that is not there, or by a method that it does not know."""
    methods = [method for method in _METHODS if any(_has(route, request, method) for route in request.app.routes)]
    if not methods:
        return Problem(404, "there is nothing at this address", hint=f"what there is stands in {DESCRIPTION}")
    if problem.status_code != 405:  # noqa: PLR2004
        return problem
    allow = ", ".join(methods).replace("GET", "GET, HEAD")
    return Problem(405, f"{request.method} is not for this address", hint=f"but {allow}", headers={"Allow": allow})


def _has(route: BaseRoute, request: Request, method: str) -> bool:
    return route.matches({**request.scope, "method": method})[0] is Match.FULL


def problem_of(error: Exception) -> Problem:
    """What is told of an error."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return Problem(error.status_code, str(error.detail), headers=error.headers)
    if isinstance(error, RequestValidationError):
        return of_validation(error.errors())
    if isinstance(error, SynclineError):
        return of_error(error)
    if isinstance(error, ClientDisconnect):
        return Problem(400, "whoever asked has left in the midst of it")  # no fault of ours: it is not logged as one
    return Problem(500, "a fault in Syncline, please report it", hint="what happened stands in the server's log")
