"""Everything on one machine: schedules that really run, runs started in Prefect's page, and a clean end."""

import os
import signal
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.states import Scheduled

from deployments.serve import serve
from deployments.server import connected, prefect_server
from syncline import ConfigError, Request, Run, RunResult, RunStatus
from syncline.workspace import Workspace
from tests.edge.with_prefect.served import Served, deployment, in_state, our_run, until

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


def test_a_signal_ends_it_once_its_run_is_done_and_ends_the_server_it_started(workspace: Workspace) -> None:
    warehouse = sqlite3.connect(workspace.folder / "warehouse.db", isolation_level=None)
    warehouse.execute("begin exclusive")  # the first run cannot end before it is told to stop
    served = Served(workspace, None)
    assert served.is_listening()
    active = until(lambda: workspace.store.active("clock"))
    served.process.send_signal(signal.SIGTERM)
    warehouse.execute("rollback")
    assert served.process.wait(40) == 0
    assert served.process.stdout is not None
    assert served.process.stdout.read().endswith("Stopped.\n")
    assert workspace.store.run(active.id).result is RunResult.SUCCESS
    assert not served.is_listening()
    assert not served.left_behind()


def test_its_server_ends_even_if_it_is_killed(workspace: Workspace) -> None:
    served = Served(workspace, None)
    served.process.kill()
    served.process.wait()
    until(lambda: None if served.is_listening() or served.left_behind() else True)


def test_a_scheduled_run_really_happens(served: Served, workspace: Workspace, client: SyncPrefectClient) -> None:
    def scheduled() -> Run | None:
        runs = client.read_flow_runs(  # those that are still to come are more than an answer holds
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Completed"]))),
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=["clock"])),
        )
        happened = (our_run(workspace, "clock", run) for run in runs if run.auto_scheduled)
        return next(filter(None, happened), None)

    ours = until(scheduled)
    assert [model.data_model for model in ours.request.data_models_to_sync] == ["TICKS"]
    assert "  clock/TICKS: every 2s, incremental" in served.said


def test_a_run_started_in_prefects_page_is_executed(
    served: Served, workspace: Workspace, client: SyncPrefectClient
) -> None:
    parameters = {"full_sync": True, "data_models_to_sync": [{"data_model": "ORDERS"}]}
    run = client.create_flow_run_from_deployment(deployment(client, "shop").id, parameters=parameters)
    until(in_state(client, run, "Completed"))
    ours = our_run(workspace, "shop", run)
    assert ours is not None
    assert (ours.result, ours.request.full_sync) == (RunResult.SUCCESS, True)
    with sqlite3.connect(workspace.folder / "warehouse.db") as warehouse:
        assert warehouse.execute("select * from ORDERS").fetchall() == [(1, "9.90")]


def test_prefects_form_refuses_what_is_no_request(served: Served, client: SyncPrefectClient) -> None:
    with pytest.raises(Exception, match="data_model"):
        client.create_flow_run_from_deployment(deployment(client, "shop").id, parameters={"data_models_to_sync": [{}]})


def test_a_request_waits_while_another_run_holds_its_connection(
    served: Served, workspace: Workspace, client: SyncPrefectClient
) -> None:
    holding = workspace.store.open_run("shop", Request())
    run = client.create_flow_run_from_deployment(deployment(client, "shop").id)
    aside = until(in_state(client, run, "AwaitingRetry"))
    assert aside.next_scheduled_start_time is not None
    assert timedelta(0) < aside.next_scheduled_start_time - datetime.now(UTC) <= timedelta(seconds=15)
    workspace.store.close_run(holding, RunStatus.SUCCEEDED, RunResult.NO_CHANGES)
    client.set_flow_run_state(run.id, Scheduled(name="AwaitingRetry"), force=True)  # in place of 15 s
    assert until(in_state(client, run, "Completed")).run_count == 2


def test_of_several_that_wait_for_the_same_the_newest_runs(
    served: Served, workspace: Workspace, client: SyncPrefectClient
) -> None:
    shop, due = deployment(client, "shop").id, Scheduled(name="AwaitingRetry")
    holding = workspace.store.open_run("shop", Request())
    older = client.create_flow_run_from_deployment(shop)
    until(in_state(client, older, "AwaitingRetry"))
    newer = client.create_flow_run_from_deployment(shop)
    until(in_state(client, newer, "AwaitingRetry"))
    client.set_flow_run_state(older.id, due, force=True)
    until(in_state(client, older, "Skipped"))
    workspace.store.close_run(holding, RunStatus.SUCCEEDED, RunResult.NO_CHANGES)
    client.set_flow_run_state(newer.id, due, force=True)
    until(in_state(client, newer, "Completed"))
    skipped = next(run for run in workspace.store.runs("shop") if run.infos.get("flow_run") == str(older.id))
    assert (skipped.status, skipped.result) == (RunStatus.SUCCEEDED, RunResult.SKIPPED)


def test_it_ends_with_an_error_if_its_server_does(workspace: Workspace) -> None:
    served = Served(workspace, None)
    servers = served.left_behind()
    if not servers:
        served.process.kill()
        pytest.skip("processes can be found by their environment on Linux only")
    for server in servers:
        os.kill(int(server), signal.SIGKILL)
    assert served.process.wait(30) == 1


def test_a_server_that_is_configured_must_answer(workspace: Workspace) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
        with connected(url), pytest.raises(ConfigError, match=f"no Prefect server answers at {url}"):
            serve(workspace, port=0)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen at 127.0.0.1:{port}"), prefect_server(tmp_path, port):
            pass
