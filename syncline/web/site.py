"""What holds for all requests: the workspace, how runs are started, and who may come in without being asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from syncline.people import ALL_SCOPES, Caller, Role
from syncline.web.starter import Starter
from syncline.workspace import Workspace

ANYBODY = "anybody on this machine"
_BY_PROXY = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""What proxies say of whom they ask for: then it is not this machine that asks."""
DESCRIPTION = "/api/v1/openapi.json"


@dataclass(frozen=True)
class Site:
    """The service as a whole.

    Args:
        workspace: whose.
        starter: what starts runs.
        may_be_open: everybody on this machine may do everything as long as there are no users. Only to be set where
            nobody else can reach the port: a proxy in front of it would let everybody in.
    """

    workspace: Workspace
    starter: Starter
    may_be_open: bool = False

    @property
    def tenant(self) -> str:
        """The company of the workspace."""
        return self.workspace.settings.tenant

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The names it answers to, beside `localhost` and addresses in figures."""
        web = self.workspace.settings.web
        own = urlsplit(web.address).hostname if web.address else None
        return frozenset(host.lower() for host in (*web.hosts, *([own] if own else [])))

    def is_open_to(self, request: HTTPConnection) -> bool:
        """Whether this request needs no proof of who sent it."""
        if not self.may_be_open or not is_loopback(request) or any(name in request.headers for name in _BY_PROXY):
            return False
        return not self.workspace.people().has_users()

    def anybody(self) -> Caller:
        """Who asks where nobody is asked who they are."""
        return Caller(self.tenant, Role.SYSTEM_ADMIN, ALL_SCOPES, ANYBODY)

    def is_secure(self, request: HTTPConnection) -> bool:
        """Whether the browser came by https, here or at a proxy in front of us."""
        return request.url.scheme in {"https", "wss"} or self.workspace.settings.web.address.startswith("https:")


def site_of(request: HTTPConnection) -> Site:
    """The site a request came to."""
    site: Site = request.app.state.site
    return site


def is_api(request: HTTPConnection) -> bool:
    """Whether a program asks, not a browser for a page."""
    return request.url.path.startswith("/api/")


def root_of(request: HTTPConnection) -> str:
    """Where the site is found, as the settings say, or else as the request has it."""
    return site_of(request).workspace.settings.web.address or str(request.base_url).rstrip("/")


def address_of(request: HTTPConnection) -> str:
    """Where a request came from."""
    return request.client.host if request.client else ""


def is_loopback(request: HTTPConnection) -> bool:
    """Whether it came from this very machine."""
    try:
        return ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
