"""One request by somebody who may make it, and the only way to what belongs to their company."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from syncline.connection import Connection, ModelSync
from syncline.errors import ConfigError
from syncline.model import JSON
from syncline.people import Caller, People, Refused, Scope, checked_tenant
from syncline.pushed.store import PushStore
from syncline.run import ModelRun, Run
from syncline.search import ServiceStore
from syncline.web.problem import Problem, forbidden, not_found, of_error
from syncline.web.session import FIELD, HEADER, SAFE, check_csrf, check_origin, session_token
from syncline.web.site import Site, address_of, is_api, site_of

COMPANY = "Syncline-Tenant"
"""The header by which a SystemAdmin says for which company a request is (P5.9)."""
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_JSON = "application/json"
_IS_JSON = re.compile(r"application/(json|[^;\s]+\+json)\s*(;|$)", re.IGNORECASE)
SCHEMES = [
    Depends(HTTPBearer(auto_error=False, scheme_name="key", description="An API key.")),
    Depends(APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="header", description="The same.")),
    Depends(APIKeyCookie(name="syncline", auto_error=False, scheme_name="session", description="Who is logged in.")),
]
"""For routers of the API: how a caller says who they are, as the description of the API tells it."""


@dataclass(frozen=True)
class Visit:
    """Who asks, and what there is for them; another company's things are not there (Invariant 10)."""

    site: Site
    caller: Caller
    address: str

    @cached_property
    def store(self) -> ServiceStore:
        """The memory of the caller's company."""
        return self.site.workspace.store_of(self.caller.tenant)

    @cached_property
    def people(self) -> People:
        """The people and keys of the caller's company; changes are noted as the caller's."""
        return self.site.workspace.people(self.caller.tenant, actor=self.caller.id, address=self.address)

    @cached_property
    def pushed(self) -> PushStore:
        """What was pushed to the caller's company."""
        return self.site.workspace.pushed(self.caller.tenant)

    @property
    def connections(self) -> Mapping[str, Connection]:
        """The connections of the caller's company that can be used; those of the workspace are its own company's."""
        return self.site.workspace.connections if self._is_at_home else {}

    @property
    def errors(self) -> Mapping[str, ConfigError]:
        """What is wrong with connections of the caller's company, by the name of the file."""
        return self.site.workspace.errors if self._is_at_home else {}

    def connection(self, name: str) -> Connection:
        """The connection of this name, or 404."""
        if name in self.errors:
            error = self.errors[name]
            raise Problem(404, f"the connection `{name}` cannot be used: {error}", hint="mend its file")
        if name not in self.connections:
            not_found(f"connection `{name}`")
        return self.connections[name]

    def model(self, connection: str, name: str) -> ModelSync:
        """The model of this name in a connection, or 404."""
        found = {model.name: model for model in self.connection(connection).models}
        return found[name] if name in found else not_found(f"model `{name}` in connection `{connection}`")

    def run(self, id: str) -> Run:
        """The run of exactly this id, or 404."""
        try:
            found = self.store.run(id) if _RUN.fullmatch(id.lower()) else not_found(f"run `{id}`")
        except ConfigError:
            not_found(f"run `{id}`")
        return found

    def part(self, run: Run, model: str) -> ModelRun:
        """The part of a run that a model of this name had in it, or 404."""
        found = next((one for one in run.models if one.model == model), None)
        return found or not_found(f"model `{model}` in this run")

    def acting_for(self, company: str) -> Visit:
        """The same visit for the company that an item names.

        Raises:
            Problem: 403, it is not the caller's, and the caller is no SystemAdmin (P5.8, P5.9).
            ConfigError: it cannot be the name of one.
        """
        if not self.caller.may_act_for(company):
            forbidden(f"you cannot act for the company `{company}`", "leave it out, or name your own")
        return replace(self, caller=replace(self.caller, tenant=checked_tenant(company)))

    def note(self, action: str, subject: str = "", **details: JSON) -> None:
        """Write a line of the audit log."""
        self.people.note(action, subject, **details)

    @property
    def _is_at_home(self) -> bool:
        return self.caller.tenant == self.site.tenant


def allowed(scope: Scope) -> Callable[[Request], Coroutine[Any, Any, Visit]]:
    """Let in who may do this: 401 who is not known, 403 who may not."""

    async def visit(request: Request) -> Visit:
        caller = await run_in_threadpool(caller_of, request)
        if request.method not in SAFE:
            await _check_forgery(request, caller)
            _check_form(request)
        site_of(request).workspace.look_again()
        made = Visit(site_of(request), caller, address_of(request))
        request.state.visit = made
        if not caller.may(scope):
            forbidden(f"this needs the scope `{scope}`", f"{caller.name} has {', '.join(sorted(caller.scopes))}")
        company = request.headers.get(COMPANY)
        if company is not None:
            made = request.state.visit = made.acting_for(company)
        return made

    visit.__name__ = f"may_{scope.name.lower()}"
    return visit


CanRead = Annotated[Visit, Security(allowed(Scope.SYNC_READ))]
CanPush = Annotated[Visit, Security(allowed(Scope.SYNC_WRITE))]
CanRun = Annotated[Visit, Security(allowed(Scope.RUNS_WRITE))]
CanAdmin = Annotated[Visit, Security(allowed(Scope.ADMIN))]


def known(request: HTTPConnection) -> Caller | None:
    """Who is logged in or, on an open site, anybody; None: a stranger. For pages that strangers see too."""
    try:
        return _by_cookie(request)
    except Refused:
        return site_of(request).anybody() if site_of(request).is_open_to(request) else None


def caller_of(request: HTTPConnection) -> Caller:
    """Who asks: by a key, a session, or as anybody on an open site; as it was found out before, if it was.

    Raises:
        Problem: 401, nobody knows.
    """
    if (found := getattr(request.state, "caller", None)) is not None:
        return cast("Caller", found)
    try:
        if (key := _key(request)) is not None:
            return site_of(request).workspace.people().by_key(key)
    except Refused as error:
        raise of_error(error) from error
    if (caller := known(request)) is not None:
        return caller
    headers = {"WWW-Authenticate": "Bearer"}
    raise Problem(
        401, "nobody knows who asks", hint="log in, or send an API key: `Authorization: Bearer …`", headers=headers
    )


def _key(request: HTTPConnection) -> str | None:
    told = request.headers.get("authorization")
    if told is None:
        return request.headers.get("x-api-key")
    scheme, _, key = told.partition(" ")
    if scheme.lower() != "bearer":
        raise Refused(f"a key is sent as `Authorization: Bearer …`, not as `{scheme[:20]} …`")
    return key.strip()


def _by_cookie(request: HTTPConnection) -> Caller:
    token = session_token(request)
    if token is None:
        raise Refused("nobody is logged in")
    return site_of(request).workspace.people().by_session(token)


def _check_form(request: Request) -> None:
    """Programs send JSON; what says it is something else is not guessed at."""
    kind = request.headers.get("content-type", _JSON)
    is_empty = request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers
    if is_api(request) and not is_empty and not _IS_JSON.match(kind):
        raise Problem(415, f"a body of the type `{kind[:80]}` cannot be read", hint=f"Content-Type: {_JSON}")


async def _check_forgery(request: Request, caller: Caller) -> None:
    """A browser sends cookies for whoever asks it to; keys it does not."""
    if caller.key is not None:
        return
    if caller.user is None and is_api(request):
        check_origin(request)
        return
    told: Any = request.headers.get(HEADER)
    if told is None and "form" in request.headers.get("content-type", ""):
        told = (await request.form()).get(FIELD)
    check_csrf(request, told if isinstance(told, str) else "")
