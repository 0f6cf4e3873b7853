"""The app as a whole: its routes, its guards, and what it says when it starts."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from syncline.errors import SynclineError
from syncline.people import Role
from syncline.telling import telling
from syncline.web import api, files, pages
from syncline.web.annex import Annex
from syncline.web.answer import answer
from syncline.web.api.body import PROBLEM
from syncline.web.guard import Limits, guarded
from syncline.web.page import STATIC
from syncline.web.site import DESCRIPTION, Site
from syncline.web.starter import Starter, ThreadStarter
from syncline.web.warm import warm
from syncline.workspace import Workspace

_LOG = logging.getLogger("syncline.web")


class _App(FastAPI):
    """Behind its guards, whichever server runs it."""

    limits: Limits

    def openapi(self) -> dict[str, Any]:
        """The description of the API, in which a problem is described once."""
        made = super().openapi()
        made["components"]["schemas"]["Problem"] = PROBLEM
        return made

    def build_middleware_stack(self) -> ASGIApp:
        return guarded(super().build_middleware_stack(), self.limits)


def create(
    workspace: Workspace,
    *,
    starter: Starter | None = None,
    may_be_open: bool = False,
    limits: Limits | None = None,
    annexes: Mapping[str, ASGIApp] | None = None,
) -> FastAPI:
    """The app of a workspace.

    Args:
        workspace: whose.
        starter: what starts runs; None: threads of this process.
        may_be_open: see `Site`.
        limits: what one request may send.
        annexes: pages of others, by the beginning of their path; for a SystemAdmin alone.
    """
    app = _App(
        title="Syncline",
        version="1",
        description="Keeps a destination equal to its sources. Errors are problem+json (RFC 9457).",
        openapi_url=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        strict_content_type=False,  # a body of which nothing is said is JSON
        lifespan=_life,
    )
    app.limits = limits or Limits()
    app.state.site = Site(workspace, starter or ThreadStarter(workspace), may_be_open)
    app.include_router(api.router)
    app.include_router(pages.router)
    app.include_router(files.router)
    for path, annex in (annexes or {}).items():
        app.mount(path, Annex(annex))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for kind in (HTTPException, RequestValidationError, SynclineError, ClientDisconnect, Exception):
        app.add_exception_handler(kind, answer)
    return app


@asynccontextmanager
async def _life(app: Any) -> AsyncIterator[None]:
    for line in greeting(app.state.site):
        _LOG.warning("%s", line)
    await run_in_threadpool(warm, app)
    with telling(app.state.site.workspace):
        yield


def greeting(site: Site, address: str = "") -> list[str]:
    """What is to be said at the start: that everybody may come in, or how the first person does.

    The link that was given last works, once. `address` is where the site is found, if the settings do not say it.
    """
    people = site.workspace.people()
    if people.has_users():
        return []
    if site.may_be_open:
        how = f"syncline users add EMAIL --role {Role.SYSTEM_ADMIN}"
        return [f"There are no users yet, so everybody on this machine may do everything: {how}"]
    link = f"{site.workspace.settings.web.address or address}/welcome/{people.invite()}"
    return [f"There are no users yet. Who follows this link first becomes {Role.SYSTEM_ADMIN}: {link}"]
