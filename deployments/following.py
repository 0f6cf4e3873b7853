"""Files of connections that are changed while they are served."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.logging import get_logger

from deployments.starter import PrefectStarter
from deployments.update import start_updates
from syncline.connection import Connection
from syncline.errors import SynclineError
from syncline.workspace import Workspace

LOOKS = 2.0
"""Seconds between two looks at the files."""


async def follow_files(
    workspace: Workspace,
    seen: Mapping[str, Connection],
    starter: PrefectStarter,
    client: PrefectClient,
    deployments: Mapping[UUID, str],
) -> None:
    """Have schedules be what the files say, and changed settings carried out, as soon as a file has changed (P4.11).

    `seen` are the connections that Prefect knows of; `deployments` is kept by `starter`.
    """
    while True:
        await asyncio.sleep(LOOKS)
        await asyncio.to_thread(workspace.look_again)
        if (now := workspace.connections) is seen:
            continue
        try:
            await asyncio.to_thread(starter.follow)
            await start_updates(workspace, client, deployments)
        except (SynclineError, httpx.HTTPError) as error:
            get_logger("syncline").warning("changed files of connections are not followed yet: %s", error)
        else:
            seen = now
