"""Pages, from templates; a page works without JavaScript, and is refreshed in parts where there is some."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from syncline.people import Scope
from syncline.search import Search
from syncline.web import words
from syncline.web.session import FIELD, csrf, keep_visitor
from syncline.web.site import ANYBODY, site_of

HERE = Path(__file__).parent
STATIC = HERE / "static"
FRAGMENT = "X-Fragment"
THEMES = ("auto", "light", "dark")
MENU = (("Overview", "/"),)
FOR_ADMINS = (("Users", "/settings/users"), ("Keys", "/settings/keys"))
FOR_ALL = (("Syncs", "/settings/syncs"),)


def page(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **data: Any
) -> HTMLResponse:
    """The page that a template makes of this data, or the one block of it that X-Fragment names.

    Templates that extend `layout.html` also see `visit` (None: a stranger), `last_run`, `path`, `way`, `theme`,
    `csrf_field`.
    """
    found = templates().get_template(template)
    context = found.new_context(_around(request) | data)
    blocks = templates().get_template("layout.html").blocks | found.blocks
    block = blocks.get(request.headers.get(FRAGMENT, ""))
    text = "".join((block or found.root_render_func)(context))
    response = HTMLResponse(text, status, dict(headers or {}))
    response.headers["Vary"] = f"{FRAGMENT}, Cookie"
    keep_visitor(request, response)
    return response


def redirect(path: str) -> Response:
    """Go on to another page of ours, after a form."""
    return RedirectResponse(path, 303)


def within(path: object) -> str:
    r"""A way to go on that stays with us, or the first page.

    Example:
        >>> within("/settings/syncs?status=failed"), within("//evil.example"), within(r"/\evil.example")
        ('/settings/syncs?status=failed', '/', '/')
    """
    text = path if isinstance(path, str) else ""
    is_ours = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if is_ours else "/"


def way(request: Request) -> str:
    """What was asked for: the path, with what was chosen."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def came_from(request: Request) -> str:
    """The page of ours from which somebody came, or the first page."""
    _, told, rest = request.headers.get("referer", "").partition("://")
    host, slash, path = rest.partition("/")
    is_ours = told and host.lower() == request.headers.get("host", "").lower()
    return within(f"{slash}{path}") if is_ours else "/"


def theme_of(request: Request) -> str:
    """Light, dark, or as the system says."""
    chosen = request.cookies.get("theme", "auto")
    return chosen if chosen in THEMES else "auto"


@cache
def static(name: str) -> str:
    """The address of a file that may be kept until it changes."""
    version = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={version}"


def moment(when: datetime | None, *, exact: bool = False) -> Markup:
    """A time; the browser shows it in the viewer's zone, with seconds if `exact`, and the exact one on hover."""
    if when is None:
        return Markup("")
    text = when.strftime("%Y-%m-%d %H:%M:%S")
    kind, shown = (Markup(' class="exact"'), text) if exact else ("", text[:-3])
    return Markup('<time{} datetime="{}" title="{} UTC">{} UTC</time>').format(kind, when.isoformat(), text, shown)


@cache
def templates() -> Environment:
    """All templates, with what they can use."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(static=static, menu=MENU, themes=THEMES, lasting=words.lasting)
    made.filters.update(moment=moment, number=words.number, span=words.span, cell=words.cell, short=words.short)
    made.filters.update(asked=words.asked, plural=words.plural)
    made.globals["parts"] = made.get_template("parts.html").module  # blocks that are shown alone need them too
    return made


def _around(request: Request) -> dict[str, Any]:
    """What the layout shows around a page."""
    visit = getattr(request.state, "visit", None)
    latest = visit.store.search(Search(limit=1)) if visit is not None else []
    return {
        "visit": visit,
        "settings_menu": (*FOR_ADMINS, *FOR_ALL) if visit is not None and visit.caller.may(Scope.ADMIN) else FOR_ALL,
        "may_run": visit is not None and visit.caller.may(Scope.RUNS_WRITE),
        "is_open": visit is not None and visit.caller.name == ANYBODY,
        "last_run": latest[0] if latest else None,
        "path": request.url.path,
        "way": way(request),
        "theme": theme_of(request),
        "csrf_field": Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf(request)),
        "has_provider": site_of(request).workspace.settings.web.oidc is not None,
        "tenant": visit.caller.tenant if visit is not None else site_of(request).tenant,
    }
