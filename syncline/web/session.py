"""Cookies: who is logged in, and proof that a form came from a page of ours."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from syncline.web.problem import Problem
from syncline.web.site import site_of

_SESSION, _VISITOR = "syncline", "syncline_form"
FIELD, HEADER = "csrf", "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def session_token(request: HTTPConnection) -> str | None:
    """What the browser shows to say who is logged in."""
    return request.cookies.get(_name(request, _SESSION))


def begin(request: HTTPConnection, response: Response, token: str) -> None:
    """Give the browser a session; what it had before it is a stranger's."""
    _set(request, response, _SESSION, token)
    forget(request, response, _VISITOR)


def end(request: HTTPConnection, response: Response) -> None:
    """Take the session from the browser."""
    forget(request, response, _SESSION)


def keep(request: HTTPConnection, response: Response, name: str, value: str, seconds: int) -> None:
    """Have the browser keep something for a while."""
    _set(request, response, name, value.encode().hex(), seconds)


def kept(request: HTTPConnection, name: str) -> str | None:
    """What the browser has kept."""
    try:
        return bytes.fromhex(request.cookies.get(_name(request, name), "")).decode() or None
    except ValueError:
        return None


def forget(request: HTTPConnection, response: Response, name: str) -> None:
    """Have the browser keep it no longer."""
    response.delete_cookie(_name(request, name), secure=site_of(request).is_secure(request), httponly=True)


def csrf(request: HTTPConnection) -> str:
    """What forms on this visitor's pages hold; nobody else can know it."""
    return _csrf(_seed(request) or _new_seed(request))


def keep_visitor(request: HTTPConnection, response: Response) -> None:
    """Give a visitor who is not logged in what their forms are checked by."""
    if (seed := getattr(request.state, "seed", None)) is not None:
        _set(request, response, _VISITOR, seed)


async def checked_form(request: Request) -> FormData:
    """The fields of a form that came from a page of ours.

    Raises:
        Problem: it did not.
    """
    fields = await request.form()
    told = request.headers.get(HEADER) or fields.get(FIELD)
    check_csrf(request, told if isinstance(told, str) else "")
    return fields


Fields = Annotated[FormData, Depends(checked_form)]
"""For routes without a `Visit`, which checks a form by itself, and for those that read one."""


def filled(fields: FormData, name: str) -> str:
    """What somebody has filled in; empty: nothing."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def check_csrf(request: HTTPConnection, told: str) -> None:
    """See that a request which changes something came from a page of ours.

    Raises:
        Problem: it did not.
    """
    check_origin(request)
    seed = _seed(request)
    if seed is None or not hmac.compare_digest(_csrf(seed).encode(), told.encode(errors="replace")):
        raise Problem(403, "this form is out of date", hint="go back, load the page again and send it once more")


def check_origin(request: HTTPConnection) -> None:
    """See that a browser did not send this for another site.

    Raises:
        Problem: it did.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
    known = {request.headers.get("host", "").lower()}
    if address := site_of(request).workspace.settings.web.address:
        known.add(urlsplit(address).netloc.lower())
    if site not in {"none", "same-origin"} or (origin is not None and urlsplit(origin).netloc.lower() not in known):
        raise Problem(403, "this was sent from a page of another site")


def _seed(request: HTTPConnection) -> str | None:
    return session_token(request) or request.cookies.get(_name(request, _VISITOR))


def _new_seed(request: HTTPConnection) -> str:
    if not hasattr(request.state, "seed"):
        request.state.seed = secrets.token_urlsafe(32)
    return str(request.state.seed)


def _csrf(seed: str) -> str:
    return hmac.new(seed.encode(errors="replace"), b"csrf", hashlib.sha256).hexdigest()


def _name(request: HTTPConnection, name: str) -> str:
    """With the prefix a browser lets nobody else set such a cookie."""
    return f"__Host-{name}" if site_of(request).is_secure(request) else name


def _set(request: HTTPConnection, response: Response, name: str, value: str, seconds: int | None = None) -> None:
    secure = site_of(request).is_secure(request)
    response.set_cookie(_name(request, name), value, seconds, secure=secure, httponly=True, samesite="lax")
