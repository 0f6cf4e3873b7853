"""Settings that have changed while nobody was serving are carried out by themselves (P4.11)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.logging import get_logger

from syncline import pipeline
from syncline.errors import SynclineError
from syncline.request import Request
from syncline.workspace import Workspace


async def start_updates(workspace: Workspace, client: PrefectClient, deployments: Mapping[UUID, str]) -> list[str]:
    """Ask for a configuration update of each connection with models that lag; gives their names."""
    started = []
    for deployment, name in deployments.items():
        if request := await asyncio.to_thread(_update, workspace, name):
            asked = request.as_json()
            parameters = {key: asked[key] for key in ("data_models_to_sync", "update")}
            await client.create_flow_run_from_deployment(deployment, parameters=parameters)
            started.append(name)
    return started


def _update(workspace: Workspace, connection: str) -> Request | None:
    try:
        return pipeline.update_before(workspace.connection(connection), Request(), workspace.store)
    except SynclineError as error:
        get_logger("syncline").warning("%s: %s", connection, error)
        return None
