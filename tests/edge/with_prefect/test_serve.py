"""Everything on one machine: schedules that really run, runs started in Prefect's page, and a clean end."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.states import Scheduled

from deployments.serve import serve
from deployments.server import connected, prefect_server
from deployments.starter import PrefectStarter
from syncline import Busy, ConfigError, Request, Run, RunResult, RunStatus, TransientError
from syncline.workspace import Workspace

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]

ROOT = Path(__file__).parents[3]
SERVE = """
import sys
from deployments.serve import serve
from syncline.workspace import Workspace
serve(Workspace.open(sys.argv[1]), port=0, ready=lambda url: print("READY", url, flush=True))
"""
CONNECTION = """
source: {{kind: sql, url: "sqlite:///shop.db"}}
destination: {{kind: sql, url: "sqlite:///warehouse.db"}}
models:
  {model}: {{from: orders, key: [id], to: {{table: {model}}}{more}}}
"""
Found = TypeVar("Found")


def until(find: Callable[[], Found | None], within: float = 100) -> Found:
    """What `find` finds, as soon as it finds it.

    Prefect's server waits up to 60 s when its SQLite file is locked, and then goes on.
    """
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if (found := find()) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing within {within} s")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "connections").mkdir()
    clock = CONNECTION.format(model="TICKS", more=", schedule: {every: 2s}")
    (folder / "connections" / "clock.yaml").write_text(clock)
    (folder / "connections" / "shop.yaml").write_text(CONNECTION.format(model="ORDERS", more=""))
    shop = sqlite3.connect(folder / "shop.db")
    shop.executescript(
        "create table orders (id integer primary key, total text); insert into orders values (1, '9.90')"
    )
    shop.close()
    return Workspace.open(folder)


class Served:
    """A process that serves a workspace."""

    def __init__(self, workspace: Workspace, api_url: str | None) -> None:
        self.home = workspace.own / "prefect"
        chosen = {} if api_url is None else {"PREFECT_API_URL": api_url}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(workspace.folder)],
            env=environment | chosen,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=(workspace.folder / "serve.log").open("a"),
            text=True,
        )
        assert self.process.stdout is not None
        self.said = []
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if line.startswith("READY"):
                break
        assert self.said, "it ended before it was ready"
        self.api_url = self.said[-1].removeprefix("READY ")
        self.url = next(line for line in self.said if line.startswith("Syncline: ")).removeprefix("Syncline: ")

    @property
    def port(self) -> int:
        return int(self.api_url.split(":")[-1].split("/")[0])

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def left_behind(self) -> list[str]:
        """The processes that have our server's home folder in their environment, where one can look."""
        mark = f"PREFECT_HOME={self.home}".encode()
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                found += [environ.parent.name] if mark in environ.read_bytes().split(b"\0") else []
            except OSError:
                continue
        return found


@pytest.fixture(scope="module")
def served(workspace: Workspace, prefect_url: str) -> Iterator[Served]:
    served = Served(workspace, prefect_url)
    assert served.api_url == prefect_url
    yield served
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(30) == 0


def deployment(client: SyncPrefectClient, name: str) -> DeploymentResponse:
    found = client.read_deployments(deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[name])))
    assert len(found) == 1
    return found[0]


def in_state(client: SyncPrefectClient, run: FlowRun, *names: str) -> Callable[[], FlowRun | None]:
    def look() -> FlowRun | None:
        now = client.read_flow_run(run.id)
        return now if now.state_name in names else None

    return look


def our_run(workspace: Workspace, connection: str, flow_run: FlowRun) -> Run | None:
    return next((run for run in workspace.store.runs(connection) if run.flow_run == str(flow_run.id)), None)


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
    def scheduled() -> FlowRun | None:
        runs = client.read_flow_runs(
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=["clock"])), limit=100
        )
        return next((run for run in runs if run.auto_scheduled and run.state_name == "Completed"), None)

    run = until(scheduled)
    ours = our_run(workspace, "clock", run)
    assert ours is not None
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


def test_pages_and_api_are_served_and_start_runs_through_prefect(served: Served, workspace: Workspace) -> None:
    assert any(line.startswith("There are no users yet, so everybody on this machine") for line in served.said)
    page = httpx.get(served.url)
    assert (page.status_code, "Open: nobody has an account yet" in page.text) == (200, True)
    assert "shop" in httpx.get(f"{served.url}/api/v1/connections").text


def test_a_run_started_by_the_service_is_executed_by_prefect(
    served: Served, workspace: Workspace, prefect_url: str, client: SyncPrefectClient
) -> None:
    starter = PrefectStarter(workspace, prefect_url, {deployment(client, "shop").id: "shop"})
    started = starter.start("shop", Request(full_sync=True), created_by="ann")
    assert (started.status, started.created_by) == (RunStatus.SCHEDULED, "ann")
    ended = until(lambda: run if (run := workspace.store.run(started.id)).ended_at else None)
    assert (ended.status, ended.runner, ended.created_by) == (RunStatus.SUCCEEDED, "prefect", "ann")
    assert ended.flow_run is not None
    assert ended.request.full_sync
    with pytest.raises(ConfigError, match="unknown model"):
        starter.start("shop", Request.parse({"data_models_to_sync": ["NONE"]}), created_by="ann")


def test_a_run_started_by_the_service_waits_and_may_be_cancelled_before_it_begins(
    served: Served, workspace: Workspace, prefect_url: str, client: SyncPrefectClient
) -> None:
    starter = PrefectStarter(workspace, prefect_url, {deployment(client, "shop").id: "shop"})
    holding = workspace.store.open_run("shop", Request())
    with pytest.raises(Busy):
        starter.start("shop", Request(), created_by="ann")
    waiting = workspace.store.schedule_run("shop", Request(), runner="prefect", created_by="ann")
    flow_run = client.create_flow_run_from_deployment(deployment(client, "shop").id, parameters={"run": waiting.id})
    until(in_state(client, flow_run, "AwaitingRetry"))
    assert workspace.store.run(waiting.id).status is RunStatus.SCHEDULED
    starter.cancel(waiting)
    workspace.store.close_run(holding, RunStatus.SUCCEEDED, RunResult.NO_CHANGES)
    client.set_flow_run_state(flow_run.id, Scheduled(name="AwaitingRetry"), force=True)
    until(in_state(client, flow_run, "Failed"))
    assert workspace.store.run(waiting.id).result is RunResult.CANCELLED


def test_a_run_cannot_be_started_where_prefect_does_not_answer(workspace: Workspace) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
        starter = PrefectStarter(workspace, url, {uuid4(): "shop"})
        with pytest.raises(TransientError):
            starter.start("shop", Request(), created_by="ann")
    assert workspace.store.runs("shop")[0].result is RunResult.ERROR
