"""What stands before every request, whatever it asks for: who is addressed, how much is sent, what a browser may do."""

from __future__ import annotations

from starlette.types import ASGIApp

from syncline.web.guard.api import Api
from syncline.web.guard.body import Body, Limits
from syncline.web.guard.headers import Headers
from syncline.web.guard.host import Host

__all__ = ["Limits", "guarded"]


def guarded(app: ASGIApp, limits: Limits) -> ASGIApp:
    """The app behind its guards."""
    return Headers(Host(Api(Body(app, limits))))
