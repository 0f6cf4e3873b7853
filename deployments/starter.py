"""How the service starts and cancels runs where Prefect executes them."""

from __future__ import annotations

from deployments import privacy  # noqa: F401 - before Prefect

# isort: split

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.states import Cancelled

from syncline.errors import Busy, ConfigError, TransientError
from syncline.request import Request
from syncline.run import Run, RunResult, RunStatus
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace


class PrefectStarter:
    """Notes a run as scheduled and has Prefect execute it; see `Starter` for what each method promises.

    Args:
        workspace: whose connections.
        api_url: the API of Prefect's server.
        deployments: which connection each deployment stands for.
        page: where people find Prefect's page.
    """

    def __init__(self, workspace: Workspace, api_url: str, deployments: Mapping[UUID, str], page: str = "") -> None:
        self._workspace = workspace
        self._api_url = api_url
        self._page = page
        self._deployments = {name: id for id, name in deployments.items()}
        self._here = ThreadStarter(workspace)

    def start(self, connection: str, request: Request, *, created_by: str) -> Run:
        """Have a run begin; it waits until one of Prefect's workers takes it.

        One to which files are handed over begins here and now: their addresses are secrets, so Prefect has none (R31).
        """
        self._check(connection, request)
        if request.source_files:
            return self._here.start(connection, request, created_by=created_by)
        run = self._workspace.store.schedule_run(connection, request, runner="prefect", created_by=created_by)
        try:
            with self._client() as client:
                parameters = {**request.as_json(), "run": run.id}
                client.create_flow_run_from_deployment(self._deployments[connection], parameters=parameters)
        except TransientError as error:
            self._workspace.store.withdraw(run.id, RunResult.ERROR, {"error": str(error)})
            raise
        return run

    def cancel(self, run: Run) -> None:
        """Have the run end after the model it is at, or not begin."""
        self._here.cancel(run)
        if self._workspace.store.withdraw(run.id, RunResult.CANCELLED, {}):
            return
        active = self._workspace.store.run(run.id)
        if active.status is RunStatus.RUNNING and active.flow_run:
            cancelled: State[None] = Cancelled()
            with self._client() as client:
                client.set_flow_run_state(UUID(active.flow_run), cancelled, force=True)

    def page_of(self, run: Run) -> str:
        """Where Prefect shows the run; empty: it has not begun."""
        return f"{self._page}/runs/flow-run/{run.flow_run}" if self._page and run.flow_run else ""

    def _check(self, name: str, request: Request) -> None:
        connection = self._workspace.connection(name)
        for model in request.models(connection):
            request.mode(connection, model)
        if name not in self._deployments:
            raise ConfigError(f"Prefect does not know connection {name} yet", hint="start `syncline serve` again")
        if (active := self._workspace.store.active(name)) is not None:
            raise Busy(f"connection {name} is held by run {active.id}", run=active.id, hint="wait until it has ended")

    @contextmanager
    def _client(self) -> Iterator[SyncPrefectClient]:
        try:
            with SyncPrefectClient(self._api_url) as client:
                yield client
        except httpx.HTTPError as error:
            hint = "is `syncline serve` running?"
            raise TransientError(f"Prefect's server does not answer: {error}", hint=hint, retry_after=5) from error
