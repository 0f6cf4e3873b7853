"""Connections -> Prefect deployments: one each, with a schedule for each model that has one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags, FlowFilter, FlowFilterName
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Interval
from prefect.schedules import Schedule as PrefectSchedule
from prefect.types.entrypoint import EntrypointType

from flows.origin import check_origin
from flows.sync import sync
from syncline.connection import Connection, ModelSync, Schedule
from syncline.errors import ConfigError
from syncline.insight.due import START, spread
from syncline.model import SyncMode
from syncline.request import ModelRequest, Request
from syncline.workspace import Workspace

TAG = "syncline"


def deployments_for(workspace: Workspace) -> list[RunnerDeployment]:
    """What the workspace asks Prefect for: a deployment of the flow `sync` for each connection that can be used.

    Raises:
        ConfigError: a schedule cannot be read.
    """
    check_origin()
    return [_deployment(workspace, connection) for connection in workspace.connections.values()]


async def register(workspace: Workspace, client: PrefectClient) -> dict[UUID, str]:
    """Make Prefect's deployments what the workspace says; gives the connection that each id stands for.

    What is gone from the workspace goes from Prefect. A connection whose file is broken now keeps its deployment: its
    runs say what is wrong. Runs that were due while nobody was there stay due.
    """
    there = {found.name: found for found in await _registered(workspace, client)}
    wanted = {deployment.name: deployment for deployment in deployments_for(workspace)}
    for name in there.keys() - wanted.keys():
        if not workspace.errors:
            with suppress(ObjectNotFound):  # somebody else was quicker
                await client.delete_deployment(there[name].id)
    for name, deployment in wanted.items():
        if name in there:
            await _remove_schedules(deployment, there[name], client)
    kept = {found.id: name for name, found in there.items() if workspace.errors and name not in wanted}
    return kept | {await deployment.aapply(): name for name, deployment in wanted.items()}


def schedules_for(tenant: str, connection: Connection) -> Iterator[PrefectSchedule]:
    """A schedule for each model that has one, named by the model.

    Raises:
        ConfigError: a cron line or a time zone is none.
    """
    for model in connection.models:
        if model.schedule is not None:
            yield _schedule(f"{tenant}/{connection.name}/{model.name}", model, model.schedule)


def _deployment(workspace: Workspace, connection: Connection) -> RunnerDeployment:
    models = ", ".join(model.name for model in connection.models)
    return RunnerDeployment.from_flow(
        sync,
        name=connection.name,
        description=f"Brings the destination of `{connection.name}` in step with its source. Models: {models}.",
        schedules=list(schedules_for(workspace.settings.tenant, connection)),
        parameters={"connection": connection.name, "workspace": str(workspace.folder)},
        tags=[TAG, _tag(workspace)],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def _schedule(name: str, model: ModelSync, schedule: Schedule) -> PrefectSchedule:
    asked = Request(schedule.mode is SyncMode.FULL, (ModelRequest(model.name),)).as_json()
    parameters = {key: asked[key] for key in ("full_sync", "data_models_to_sync")}
    try:
        if schedule.cron:
            return Cron(schedule.cron, timezone=schedule.timezone, slug=model.name, parameters=parameters)
        every = schedule.every or timedelta()
        anchor = START + spread(name, every)
        return Interval(every, anchor_date=anchor, timezone=schedule.timezone, slug=model.name, parameters=parameters)
    except ValueError as error:
        message = f"the schedule of model {model.name} cannot be used: {_short(error)}"
        raise ConfigError(message, where=model.where, hint="e.g. `{every: 15m}` or `{cron: '0 3 * * *'}`") from error


async def _registered(workspace: Workspace, client: PrefectClient) -> list[DeploymentResponse]:
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG, _tag(workspace)]))
    return await client.read_deployments(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[sync.name])), deployment_filter=ours
    )


async def _remove_schedules(wanted: RunnerDeployment, there: DeploymentResponse, client: PrefectClient) -> None:
    """Take away the schedules whose model is gone, or has none any more."""
    slugs = {schedule.slug for schedule in wanted.schedules or ()}
    for schedule in there.schedules:
        if schedule.slug not in slugs:
            with suppress(ObjectNotFound):
                await client.delete_deployment_schedule(there.id, schedule.id)


def _tag(workspace: Workspace) -> str:
    """Which workspace a deployment belongs to, where several share a server."""
    return f"workspace:{hashlib.sha256(str(workspace.folder).encode()).hexdigest()[:12]}"


def _short(error: ValueError) -> str:
    problems: list[Mapping[str, Any]] = getattr(error, "errors", list)()
    return str(problems[0]["msg"]) if problems else str(error)
