"""How people come in for whom an identity provider vouches."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request
from starlette.responses import Response

from syncline.config.web import Oidc
from syncline.people import Refused, Role
from syncline.web.page import page, redirect, within
from syncline.web.problem import not_found
from syncline.web.session import begin, forget, keep, kept
from syncline.web.site import address_of, root_of, site_of

router = APIRouter(prefix="/login/oidc")
_COOKIE = "syncline_oidc"
_LASTS = 600
"""Seconds somebody has to say who they are."""


@router.get("")
def go(request: Request, next: str = "/") -> Response:  # noqa: A002 - so named in the address
    """Send somebody to the identity provider."""
    from syncline.web.oidc import Asked, Provider  # noqa: PLC0415 - only where there is one

    provider, asked = Provider(_settings(request), _back(request)), Asked.new(within(next))
    try:
        response = redirect(provider.page(asked))
    except Refused as error:
        return _sorry(request, error)
    keep(request, response, _COOKIE, str(asked), _LASTS)
    return response


@router.get("/back")
def back(request: Request, code: str = "", state: str = "") -> Response:
    """Let in whom it has sent back."""
    from syncline.web.oidc import Asked, Provider  # noqa: PLC0415 - only where there is one

    settings, asked = _settings(request), Asked.read(kept(request, _COOKIE) or "")
    if asked is None or not hmac.compare_digest(asked.state.encode(), state.encode(errors="replace")):
        return _sorry(request, Refused("this took too long, or began in another browser; try again"))
    people = site_of(request).workspace.people(actor="visitor", address=address_of(request))
    try:
        email = Provider(settings, _back(request)).email(asked, code)
        token = people.let_in(email, create=Role(settings.role) if settings.role else None)
    except Refused as error:
        return _sorry(request, error)
    response = redirect(within(asked.way))
    forget(request, response, _COOKIE)
    begin(request, response, token)
    return response


def _settings(request: Request) -> Oidc:
    return site_of(request).workspace.settings.web.oidc or not_found("identity provider in the settings")


def _back(request: Request) -> str:
    """Where the provider sends people to; it must know this address."""
    return f"{root_of(request)}/login/oidc/back"


def _sorry(request: Request, error: Refused) -> Response:
    response = page(request, "login.html", status=401, next="/", error=error.message, email="")
    forget(request, response, _COOKIE)
    return response
