"""Prefect at the edge: real flows against a real server, started for these tests."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling, Running
from prefect.tasks import exponential_backoff

from deployments.deploy import register, schedules_for
from deployments.executor import close_abandoned
from deployments.run import run_now
from flows.origin import check_origin
from flows.sync import sync
from syncline import (
    Batch,
    Busy,
    ConfigError,
    DataModel,
    Read,
    Request,
    Run,
    RunResult,
    RunStatus,
    Source,
    TransientError,
)
from syncline.workspace import Workspace
from tasks.extract import extract
from tasks.patience import LONGEST_WAIT, worth_another_try

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]

CONNECTION = """
source: {kind: sql, url: "sqlite:///shop.db"}
destination: {kind: sql, url: "sqlite:///warehouse.db"}
models:
  ORDERS: {from: orders, key: [id], publish: {format: csv}}
  PEOPLE: {from: people, key: [id]}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections" / "shop.yaml").write_text(CONNECTION)
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.executescript(
            "create table orders (id integer primary key, total text);"
            "create table people (id integer primary key, name text);"
            "insert into orders values (1, '9.90'), (2, '0.10'), (3, '5.00');"
            "insert into people values (1, 'Ada')"
        )
    shop.close()
    return Workspace.open(tmp_path)


def flow_run(client: SyncPrefectClient, run: Run) -> FlowRun:
    assert run.flow_run is not None
    return client.read_flow_run(run.flow_run)


def parts(client: SyncPrefectClient, run: Run) -> dict[str, FlowRun]:
    """The subflows of a run, by name, in the order they ran."""
    parent = FlowRunFilterParentFlowRunId.model_validate({"any_": [run.flow_run]})
    found = client.read_flow_runs(flow_run_filter=FlowRunFilter(parent_flow_run_id=parent))
    return {part.name: part for part in sorted(found, key=lambda part: part.created or 0)}


def tasks_of(client: SyncPrefectClient, part: FlowRun) -> list[TaskRun]:
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[part.id]))
    return sorted(client.read_task_runs(flow_run_filter=mine), key=lambda task: task.start_time or 0)


def names(tasks: list[TaskRun]) -> list[str]:
    return [task.name.split("-")[0] for task in tasks]


def test_the_steps_of_a_model_are_the_tasks_of_its_subflow(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient
) -> None:
    run = run_now(workspace, "shop", Request(), prefect_url)
    assert (run.status, run.result, run.runner) == (RunStatus.SUCCEEDED, RunResult.SUCCESS, "prefect")
    models = parts(client, run)
    assert list(models) == ["shop/ORDERS incremental", "shop/PEOPLE incremental"]
    assert names(tasks_of(client, models["shop/ORDERS incremental"])) == [
        "extract", "diff", "transform", "load", "publish",
    ]  # fmt: skip
    assert names(tasks_of(client, models["shop/PEOPLE incremental"])) == ["extract", "diff", "transform", "load"]
    whole = flow_run(client, run)
    assert whole.name == "shop"
    assert whole.state is not None
    assert (whole.state.name, whole.state.message) == ("Completed", "2 models: 4 inserted, 0 updated, 0 deleted")
    with sqlite3.connect(workspace.folder / "warehouse.db") as warehouse:
        assert warehouse.execute("select id, total from orders order by id").fetchall() == [
            (1, "9.90"), (2, "0.10"), (3, "5.00"),
        ]  # fmt: skip


def test_a_run_leaves_a_table_for_each_model_and_a_link_to_the_latest_file(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient
) -> None:
    run = run_now(workspace, "shop", Request(), prefect_url)
    ids = {part.id for part in parts(client, run).values()}
    artifacts = {found.key: found for found in client.read_artifacts() if found.flow_run_id in ids}
    assert set(artifacts) == {"shop-orders", "shop-people", "shop-orders-latest-csv"}
    assert '"inserted": 3' in str(artifacts["shop-orders"].data)
    assert "file://" in str(artifacts["shop-orders-latest-csv"].data)


def test_a_model_that_fails_does_not_stop_the_others(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient
) -> None:
    with sqlite3.connect(workspace.folder / "shop.db") as shop:
        shop.execute("drop table orders")
    run = run_now(workspace, "shop", Request(), prefect_url)
    assert run.result is RunResult.PARTIAL
    states = {name: part.state_name for name, part in parts(client, run).items()}
    assert states == {"shop/ORDERS incremental": "Failed", "shop/PEOPLE incremental": "Completed"}
    state = flow_run(client, run).state
    assert state is not None
    assert state.is_failed()
    assert str(state.message).startswith("2 models: 1 inserted, 0 updated, 0 deleted; ORDERS failed: ")
    assert "Traceback" not in str(state.message)


@dataclass(frozen=True)
class TiredSource(Source):
    """Breaks off the first time."""

    tried: Path

    def read(self, request: Read) -> Iterator[Batch]:
        if not self.tried.exists():
            self.tried.touch()
            raise TransientError("the line is busy", retry_after=0.01)
        yield Batch([{"id": 1}], complete=True)

    def describe(self, origin: str) -> DataModel:
        return DataModel(origin, pa.schema({"id": pa.int64()}), ("id",))


def test_a_step_is_tried_again_when_that_may_help(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shop = workspace.connection("shop")
    tired = replace(shop, source=TiredSource(tmp_path / "tried"), models=shop.models[1:])
    monkeypatch.setattr(Workspace, "connection", lambda _self, _name: tired)
    monkeypatch.setattr(extract, "retry_delay_seconds", [0.01])
    run = run_now(workspace, "shop", Request(), prefect_url)
    assert run.result is RunResult.SUCCESS
    reading = tasks_of(client, parts(client, run)["shop/PEOPLE incremental"])[0]
    assert (reading.name.split("-")[0], reading.run_count, reading.state_name) == ("extract", 2, "Completed")
    said = [(line.level, line.model, line.text) for line in workspace.store.log(run.id)]
    assert said == [("warning", "PEOPLE", "the line is busy; trying again in 0.0 s")]


def test_other_errors_and_long_waits_are_not_tried_again() -> None:
    class Ended:
        def __init__(self, data: Exception) -> None:
            self.data = data

    assert worth_another_try(None, None, Ended(TransientError("away")))
    assert not worth_another_try(None, None, Ended(TransientError("away", retry_after=LONGEST_WAIT + 1)))
    assert not worth_another_try(None, None, Ended(ConfigError("wrong")))
    assert extract.retry_delay_seconds == exponential_backoff(1)(4) == [1, 2, 4, 8]


def test_what_keeps_a_run_from_starting_is_told_as_it_is(workspace: Workspace, prefect_url: str) -> None:
    with pytest.raises(ConfigError, match="unknown connection `shoe`"):
        run_now(workspace, "shoe", Request(), prefect_url)
    holding = workspace.store.open_run("shop", Request())
    with pytest.raises(Busy):
        run_now(workspace, "shop", Request(), prefect_url)
    workspace.store.close_run(holding, RunStatus.SUCCEEDED, RunResult.NO_CHANGES)


def test_flows_of_another_distribution_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    check_origin()
    monkeypatch.setattr("flows.__file__", str(tmp_path / "flows" / "__init__.py"))
    with pytest.raises(ConfigError, match="not Syncline's"):
        check_origin()


@dataclass(frozen=True)
class UnwantedSource(TiredSource):
    """While it is read, somebody cancels the run in Prefect."""

    def read(self, request: Read) -> Iterator[Batch]:
        with get_client(sync_client=True) as client:
            mine = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=5)
            whole = next(run for run in mine if run.name == "shop")
            client.set_flow_run_state(whole.id, Cancelling(), force=True)
        yield Batch([{"id": 1}], complete=True)


@dataclass(frozen=True)
class CancelledSource(TiredSource):
    """While it is read, somebody cancels the run by the command line, the API or a page."""

    def read(self, request: Read) -> Iterator[Batch]:
        store = Workspace.open(self.tried).store
        active = store.active("shop")
        assert active is not None
        assert store.cancel(active.id, "ann")
        yield Batch([{"id": 1}], complete=True)


@pytest.mark.parametrize("source", [UnwantedSource, CancelledSource])
def test_a_cancelled_run_ends_after_the_model_it_is_at(
    workspace: Workspace,
    prefect_url: str,
    client: SyncPrefectClient,
    monkeypatch: pytest.MonkeyPatch,
    source: type[TiredSource],
) -> None:
    unwanted = replace(workspace.connection("shop"), source=source(workspace.folder))
    monkeypatch.setattr(Workspace, "connection", lambda _self, _name: unwanted)
    heard: set[str] = set()
    run = run_now(workspace, "shop", Request(), prefect_url, listen=lambda part: heard.add(part.model))
    assert (run.status, run.result) == (RunStatus.FAILED, RunResult.CANCELLED)
    assert [part.model for part in run.models] == ["ORDERS"] == [*heard]
    assert flow_run(client, run).state_name == "Cancelled"


def test_runs_that_a_killed_process_left_behind_are_closed(prefect_url: str, client: SyncPrefectClient) -> None:
    left = client.create_flow_run(sync, parameters={"connection": "shop"}, state=Running())

    async def close() -> int:
        async with get_client() as asking:
            return await close_abandoned(asking)

    assert asyncio.run(close()) == 1
    assert client.read_flow_run(left.id).state_name == "Crashed"


def registered(folder: Path) -> dict[str, DeploymentResponse]:
    """What Prefect has of a workspace, once it is registered as it is now."""

    async def register_and_read() -> list[DeploymentResponse]:
        async with get_client() as client:
            return [await client.read_deployment(found) for found in await register(Workspace.open(folder), client)]

    return {found.name: found for found in asyncio.run(register_and_read())}


def schedules(deployment: DeploymentResponse) -> dict[str | None, object]:
    return {each.slug: (each.schedule.model_dump(exclude_none=True), each.parameters) for each in deployment.schedules}


def declare(folder: Path, orders: str, people: str) -> None:
    text = CONNECTION.replace("key: [id], publish", f"key: [id]{orders}, publish").replace("[id]}", f"[id]{people}}}")
    (folder / "connections" / "shop.yaml").write_text(text)


def test_what_leaves_the_workspace_leaves_prefect(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient
) -> None:
    folder = workspace.folder
    declare(folder, ", schedule: {every: 15m}", ", schedule: {cron: '0 3 * * *', timezone: Europe/Vienna, mode: full}")
    shop = registered(folder)["shop"]
    assert (shop.entrypoint, shop.parameters) == ("flows.sync.sync", {"connection": "shop", "workspace": str(folder)})
    found = schedules(shop)
    assert set(found) == {"ORDERS", "PEOPLE"}
    assert found["PEOPLE"] == (
        {"cron": "0 3 * * *", "timezone": "Europe/Vienna", "day_or": True},
        {"full_sync": True, "data_models_to_sync": [{"data_model": "PEOPLE"}]},
    )
    declare(folder, ", schedule: {every: 20m}", "")
    again = registered(folder)["shop"]
    assert again.id == shop.id
    assert set(schedules(again)) == {"ORDERS"}
    assert "20" in str(schedules(again)["ORDERS"])
    declare(folder, "", "")
    assert schedules(registered(folder)["shop"]) == {}
    (folder / "connections" / "shop.yaml").write_text("source: {kind: none}")
    assert registered(folder)["shop"].id == shop.id, "a broken file is no reason to forget"
    (folder / "connections" / "shop.yaml").unlink()
    assert registered(folder) == {}
    with pytest.raises(ObjectNotFound):
        client.read_deployment(shop.id)


def test_models_have_their_turns_at_different_times_and_always_the_same(workspace: Workspace) -> None:
    declare(workspace.folder, ", schedule: {every: 15m}", ", schedule: {every: 15m}")
    shop = Workspace.open(workspace.folder).connection("shop")
    anchors = [[each.anchor_date for each in schedules_for(tenant, shop)] for tenant in ("a", "a", "b")]
    assert anchors[0] == anchors[1]
    assert len({moment for turn in anchors for moment in turn}) == 4
