"""How people come in and leave: with a password, or by a link that works once."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from syncline.errors import ConfigError
from syncline.people import People, Refused, Throttled
from syncline.web.page import THEMES, page, redirect, within
from syncline.web.problem import of_error
from syncline.web.session import Fields, begin, checked_form, end, filled, session_token
from syncline.web.site import address_of, site_of
from syncline.web.visit import known

router = APIRouter()


@router.get("/login")
def login(request: Request, next: str = "/") -> Response:  # noqa: A002 - so named in the address
    """Ask who somebody is."""
    way = within(next)
    return redirect(way) if known(request) else page(request, "login.html", next=way, error="", email="")


@router.post("/login")
def log_in(request: Request, fields: Fields) -> Response:
    """Let in who knows the password."""
    way, email = within(fields.get("next")), filled(fields, "email")
    try:
        token = _people(request).log_in(email, filled(fields, "password"))
    except (Refused, Throttled) as error:
        told, about = of_error(error), {"next": way, "error": error.message, "email": email}
        return page(request, "login.html", status=told.status_code, headers=told.headers, **about)
    response = redirect(way)
    begin(request, response, token)
    return response


@router.post("/logout", dependencies=[Depends(checked_form)])
def log_out(request: Request) -> Response:
    """End the session."""
    if token := session_token(request):
        _people(request).log_out(token)
    response = redirect("/login")
    end(request, response)
    return response


@router.get("/welcome/{token}")
def welcome(request: Request, token: str) -> Response:
    """Ask whoever follows a link to choose a password; looking at it uses nothing up."""
    return page(request, "welcome.html", token=token, email=_people(request).invited(token), error="", given="")


@router.post("/welcome/{token}")
def come_in(request: Request, token: str, fields: Fields) -> Response:
    """Set the password and let them in."""
    people, password = _people(request), filled(fields, "password")
    email = people.invited(token)
    try:
        session = people.accept(token, email or filled(fields, "email"), password)
    except ConfigError as error:
        given = filled(fields, "email")
        return page(request, "welcome.html", status=422, token=token, email=email, given=given, error=error.message)
    response = redirect("/")
    begin(request, response, session)
    return response


@router.post("/theme")
def theme(fields: Fields) -> Response:
    """Light, dark, or as the system says."""
    response = redirect(within(fields.get("next")))
    chosen = filled(fields, "theme")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=31_536_000, httponly=True, samesite="lax")
    return response


def _people(request: Request) -> People:
    return site_of(request).workspace.people(actor="visitor", address=address_of(request))
