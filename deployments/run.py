"""One run through Prefect, at once and in this process."""

from __future__ import annotations

from deployments import privacy  # noqa: F401 - before Prefect

# isort: split

import asyncio
from typing import Any, cast

from prefect.client.schemas.objects import State

from deployments.server import connected
from flows.sync import listening, sync
from syncline.errors import ConfigError, SynclineError
from syncline.pipeline import Listener
from syncline.request import Request
from syncline.run import Run
from syncline.workspace import Workspace


def run_now(
    workspace: Workspace, connection: str, request: Request, api_url: str, *, listen: Listener | None = None
) -> Run:
    """Execute a request as a flow run of the server at `api_url`; Prefect's lines stay off the terminal.

    `listen` is called from another thread whenever a model comes further.

    Returns:
        The run as the store has it, whatever its result.

    Raises:
        SynclineError: the run could not begin: a wrong setting, or another run is active.
    """
    if request.source_files:  # R31: their addresses never enter Prefect
        raise ConfigError("files are not handed over through Prefect", hint="syncline run CONNECTION --file FILE")
    with connected(api_url, workspace.own / "prefect", quiet=True):
        state = asyncio.run(_execute(workspace, connection, request, listen))
    flow_run = str(state.state_details.flow_run_id)
    found = next((run for run in workspace.store.runs(connection) if run.flow_run == flow_run), None)
    if found is not None:
        return found
    error = state.result(raise_on_failure=False)
    raise error if isinstance(error, SynclineError) else SynclineError(state.message or f"it ended as {state.name}")


async def _execute(workspace: Workspace, connection: str, request: Request, listen: Listener | None) -> State[Any]:
    if listen is not None:
        listening.set(listen)
    asked = request.as_json()
    return cast("State[Any]", await sync(connection, workspace=str(workspace.folder), return_state=True, **asked))
