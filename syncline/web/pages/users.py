"""The people of a company: added by a link that works once, and disabled."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from syncline.errors import ConfigError
from syncline.people import Role
from syncline.web.page import page, redirect
from syncline.web.problem import Problem, forbidden
from syncline.web.session import Fields
from syncline.web.visit import CanAdmin, Visit

router = APIRouter()


@router.get("/settings/users", response_class=HTMLResponse)
def users(request: Request, visit: CanAdmin) -> HTMLResponse:
    """All users, and what was done lately."""
    return _page(request, visit)


@router.post("/settings/users", response_class=HTMLResponse)
def add(request: Request, visit: CanAdmin, fields: Fields) -> HTMLResponse:
    """A new user; the answer shows the link by which they choose a password."""
    role = str(fields.get("role") or "")
    if role not in _roles(visit):
        forbidden(f"you cannot give the role `{role}`", f"yours to give are {', '.join(_roles(visit))}")
    try:
        added = visit.people.add_user(str(fields.get("email") or "").strip(), Role(role))
    except ConfigError as error:
        return _page(request, visit, status=422, error=error.message)
    address = visit.site.workspace.settings.web.address or str(request.base_url).rstrip("/")
    return _page(request, visit, added=added.email, link=f"{address}/welcome/{visit.people.invite(added.email)}")


@router.post("/settings/users/{user}/disable")
def disable(user: str, visit: CanAdmin, fields: Fields) -> Response:  # noqa: ARG001 - the form is checked
    """Log somebody out and let them in no more."""
    found = next((one for one in visit.people.users() if one.id == user), None)
    if found is None:
        raise Problem(404, f"there is no user `{user}`")
    if found.id == visit.caller.user:
        forbidden("you cannot disable yourself", "ask another administrator")
    if found.role not in _roles(visit):
        forbidden(f"you cannot disable a {found.role}")
    visit.people.disable(found.email)
    return redirect("/settings/users")


def _roles(visit: Visit) -> list[Role]:
    """The roles that the caller may give: nobody gives more than they have."""
    return [role for role in Role if role is not Role.SYSTEM_ADMIN or visit.caller.role is Role.SYSTEM_ADMIN]


def _page(
    request: Request, visit: Visit, *, status: int = 200, error: str = "", added: str = "", link: str = ""
) -> HTMLResponse:
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
        added=added,
        link=link,
    )
