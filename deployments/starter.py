"""How the service starts runs where Prefect executes them."""

from __future__ import annotations

from deployments import privacy  # noqa: F401 - before Prefect

# isort: split

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from deployments.deploy import register
from syncline.connection import Connection
from syncline.errors import Busy, ConfigError, TransientError
from syncline.request import Request
from syncline.run import Run, RunResult, RunStatus
from syncline.search import Search
from syncline.web.starter import refuse_while_active
from syncline.workspace import Workspace

_LATELY = timedelta(minutes=1)


class PrefectStarter:
    """Notes a run as scheduled and has Prefect execute it; see `Starter` for what each method promises.

    Args:
        workspace: whose connections.
        api_url: the API of Prefect's server.
        deployments: which connection each deployment stands for; it follows what becomes of them.
        page: where people find Prefect's page.
    """

    def __init__(self, workspace: Workspace, api_url: str, deployments: dict[UUID, str], page: str = "") -> None:
        self._workspace = workspace
        self._api_url = api_url
        self._page = page
        self._deployments = deployments
        self._following = Lock()

    def start(self, connection: str, request: Request, *, created_by: str) -> Run:
        """Have a run begin; it waits until one of Prefect's workers takes it.

        Files that are handed over wait under seal: their addresses are secrets, so Prefect has none (R31).
        """
        self._check(connection, request)
        place = self._workspace
        sealed = request.sealed(place.seal) if request.source_files else None
        run = place.store.schedule_run(connection, request, runner="prefect", created_by=created_by, sealed=sealed)
        try:
            with self._client() as client:
                parameters = {**replace(request, source_files=()).as_json(), "run": run.id}
                self._ask(client, connection, parameters)
        except TransientError as error:
            self._workspace.store.withdraw(run.id, RunResult.ERROR, {"error": str(error)})
            raise
        return run

    def page_of(self, run: Run) -> str:
        """Where Prefect shows the run; empty: it has not begun."""
        return f"{self._page}/runs/flow-run/{run.flow_run}" if self._page and run.flow_run else ""

    def follow(self) -> None:
        """Have Prefect know the connections as they are now: their schedules, and that they can be started."""
        with self._following:
            self._follow()

    def _follow(self) -> None:
        try:
            found = asyncio.run(self._registered())
        except httpx.HTTPError as error:
            raise _silent(error) from error
        for gone in self._deployments.keys() - found.keys():
            del self._deployments[gone]
        self._deployments.update(found)

    async def _registered(self) -> dict[UUID, str]:
        # What registers a deployment looks for the server in the settings, which threads of a web server do not share.
        with temporary_settings({PREFECT_API_URL: self._api_url}):
            async with PrefectClient(self._api_url, auth_string=PREFECT_API_AUTH_STRING.value()) as client:
                return await register(self._workspace, client)

    def _ask(self, client: SyncPrefectClient, connection: str, parameters: dict[str, Any]) -> None:
        try:
            client.create_flow_run_from_deployment(self._deployment(connection), parameters=parameters)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            self.follow()  # somebody has deleted the deployment in Prefect's page
            client.create_flow_run_from_deployment(self._deployment(connection), parameters=parameters)

    def _deployment(self, connection: str) -> UUID:
        found = [id for id, name in {**self._deployments}.items() if name == connection]
        if not found:
            raise TransientError(f"Prefect does not know connection {connection} yet", retry_after=5)
        return found[0]

    def _check(self, name: str, request: Request) -> None:
        connection = self._workspace.connection(name)
        for model in request.models(connection):
            request.mode(connection, model)
        if name not in self._deployments.values():
            self.follow()
        if name not in self._deployments.values():
            raise ConfigError(f"Prefect does not know connection {name} yet", hint="start `syncline serve` again")
        refuse_while_active(self._workspace.store, name)
        self._refuse_twice(connection, request)

    def _refuse_twice(self, connection: Connection, request: Request) -> None:
        """Who asks again, because the first answer did not arrive or a button was pressed twice, gets the first run.

        One that has waited for long may be one that nobody takes, so it is in nobody's way.
        """
        lately = datetime.now(UTC) - _LATELY
        wanted = Search(connection=connection.name, status=RunStatus.SCHEDULED, since=lately)
        for waiting in self._workspace.store.search(wanted):
            if waiting.request.covers(request, connection):
                raise Busy(f"run {waiting.id} of connection {connection.name} is about to do this", run=waiting.id)

    @contextmanager
    def _client(self) -> Iterator[SyncPrefectClient]:
        try:
            with SyncPrefectClient(self._api_url, auth_string=PREFECT_API_AUTH_STRING.value()) as client:
                yield client
        except httpx.HTTPError as error:
            raise _silent(error) from error


def _silent(error: httpx.HTTPError) -> TransientError:
    hint = "is `syncline serve` running?"
    return TransientError(f"Prefect's server does not answer: {error}", hint=hint, retry_after=5)
