"""The people of a company: added by a link that works once, and disabled."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from syncline.errors import ConfigError
from syncline.people import Role, User
from syncline.web.page import page, redirect
from syncline.web.problem import forbidden, not_found
from syncline.web.session import Fields, filled
from syncline.web.site import root_of
from syncline.web.visit import CanAdmin, Visit

router = APIRouter()
_NOTHING: Mapping[str, str] = {"email": "", "role": ""}


@router.get("/settings/users", response_class=HTMLResponse)
def users(request: Request, visit: CanAdmin) -> HTMLResponse:
    """All users, and what was done lately."""
    return _page(request, visit)


@router.post("/settings/users", response_class=HTMLResponse)
def add(request: Request, visit: CanAdmin, fields: Fields) -> HTMLResponse:
    """A new user; the answer shows the link by which they choose a password."""
    email, role = filled(fields, "email").strip(), filled(fields, "role")
    roles = _roles(visit)
    if role not in roles:
        forbidden(f"you cannot give the role `{role}`", f"yours to give are {', '.join(roles)}")
    try:
        added = visit.people.add_user(email, Role(role))
    except ConfigError as error:
        return _page(request, visit, status=422, error=error.message, given={"email": email, "role": role})
    return _page(request, visit, added=added.email)


@router.post("/settings/users/{user}/link", response_class=HTMLResponse)
def link(request: Request, user: str, visit: CanAdmin) -> HTMLResponse:
    """Another link, for who has lost theirs or forgot the password."""
    return _page(request, visit, added=_other(visit, user).email, is_known=True)


@router.post("/settings/users/{user}/disable")
def disable(user: str, visit: CanAdmin) -> Response:
    """Log somebody out and let them in no more."""
    visit.people.disable(_other(visit, user).email)
    return redirect("/settings/users")


def _other(visit: Visit, user: str) -> User:
    """Another user, with whom the caller may deal."""
    found = next((one for one in visit.people.users() if one.id == user), None) or not_found(f"user `{user}`")
    if found.id == visit.caller.user:
        forbidden("you cannot do this to yourself", "ask another administrator")
    if found.role not in _roles(visit):
        forbidden(f"you cannot do this to a {found.role}")
    return found


def _roles(visit: Visit) -> list[Role]:
    """The roles that the caller may give: nobody gives more than they have, and who comes first can do everything."""
    if not visit.people.has_users():
        return [Role.SYSTEM_ADMIN]
    return [role for role in Role if role is not Role.SYSTEM_ADMIN or visit.caller.role is Role.SYSTEM_ADMIN]


def _page(
    request: Request,
    visit: Visit,
    *,
    status: int = 200,
    error: str = "",
    given: Mapping[str, str] = _NOTHING,
    added: str = "",
    is_known: bool = False,
) -> HTMLResponse:
    link = f"{root_of(request)}/welcome/{visit.people.invite(added)}" if added else ""
    found = visit.people.users()
    return page(
        request,
        "users.html",
        status=status,
        users=found,
        names={user.id: user.email for user in found},
        roles=_roles(visit),
        notes=visit.people.notes(limit=20),
        error=error,
        given=given,
        added=added,
        is_known=is_known,
        link=link,
    )
