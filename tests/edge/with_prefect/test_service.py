"""Pages and API beside Prefect: served by the same process, and what they start is executed by Prefect."""

import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.states import Scheduled
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from deployments.starter import PrefectStarter
from syncline import Busy, ConfigError, Request, RunResult, RunStatus, TransientError
from syncline.people import Role, Scope
from syncline.workspace import Workspace
from tests.edge.file_server import Server
from tests.edge.with_prefect.served import CONNECTION, Served, deployment, in_state, until

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]
PREFECT: Any = {"subprotocols": ["prefect"]}


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


def test_a_connection_made_by_the_api_can_be_started_at_once_and_is_gone_when_removed(
    served: Served, workspace: Workspace, client: SyncPrefectClient
) -> None:
    given = {
        "connection": "made",
        "source": {"kind": "files"},
        "features": ["full"],
        "models": {"PETS": {"from": "pets", "key": "id", "columns": {"id": "int64"}, "publish": {"format": "csv"}}},
    }
    with httpx.Client(base_url=f"{served.url}/api/v1", timeout=60) as program:
        made = program.post("/connections", json=given)
        assert made.status_code == 201, made.text
        started = program.post("/connections/made/runs")
        assert started.status_code == 202, started.text
        ended = until(lambda: run if (run := workspace.store.run(started.json()["id"])).ended_at else None)
        assert ended.runner == "prefect"  # it fails there: no files were handed over
        removed = program.delete("/connections/made", headers={"If-Match": made.headers["etag"]})
        assert removed.status_code == 204, removed.text
    with pytest.raises(ObjectNotFound):
        client.read_deployment_by_name("sync/made")


def test_files_that_are_handed_over_wait_under_seal_for_a_worker(
    served: Served, workspace: Workspace, client: SyncPrefectClient
) -> None:
    """R31: Prefect never has their addresses, and what we keep of them nobody reads."""
    server, secret = Server(), "signature=s3same"
    server.answers["/pets.csv"] = b"id\n1\n2\n"
    address = f"{server.url('').partition('?')[0]}/pets.csv"
    given = {
        "connection": "handed",
        "source": {"kind": "files"},
        "features": ["full"],
        "models": {"PETS": {"from": "pets", "key": "id", "columns": {"id": "int64"}, "publish": {"format": "csv"}}},
    }
    with httpx.Client(base_url=f"{served.url}/api/v1", timeout=60) as program:
        made = program.post("/connections", json=given)
        assert made.status_code == 201, made.text
        started = program.post("/connections/handed/runs", json={"source_files": [f"{address}?{secret}"]})
        assert (started.status_code, started.json()["status"]) == (202, "scheduled"), started.text
        ended = until(lambda: run if (run := workspace.store.run(started.json()["id"])).ended_at else None)
        program.delete("/connections/handed", headers={"If-Match": made.headers["etag"]})
    assert (ended.result, ended.runner, ended.models[0].counts.read) == (RunResult.SUCCESS, "prefect", 2)
    assert any(secret in path for path in server.asked)
    assert ended.flow_run is not None
    kept = str(client.read_flow_run(UUID(ended.flow_run)).model_dump())
    kept += "".join(file.read_bytes().decode("latin-1") for file in workspace.own.glob("store.db*"))
    assert address in kept
    assert secret not in kept


def test_the_server_that_is_used_is_told_of_connections_by_any_thread(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient
) -> None:
    known: dict[UUID, str] = {}
    with ThreadPoolExecutor(1) as threads:  # which has none of Prefect's settings, as those of a web server
        threads.submit(PrefectStarter(workspace, prefect_url, known).follow).result()
    assert {id: client.read_deployment(id).name for id in known} == known


@pytest.fixture
def passing(workspace: Workspace) -> Iterator[Path]:
    """The file of a connection that is there for a while."""
    file = workspace.folder / "connections" / "passing.yaml"
    file.write_text(CONNECTION.format(model="PASSING", more=""))
    workspace.look_again()
    yield file
    file.unlink(missing_ok=True)
    workspace.look_again()


def test_what_several_follow_at_once_is_followed(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient, passing: Path
) -> None:
    starter = PrefectStarter(workspace, prefect_url, {})
    starter.follow()
    assert deployment(client, "passing")
    passing.unlink()
    workspace.look_again()
    others = [PrefectStarter(workspace, prefect_url, {}) for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(each.follow) for each in [starter, starter, *others]]:
            done.result()
    with pytest.raises(ObjectNotFound):
        client.read_deployment_by_name("sync/passing")


def test_who_asks_again_gets_the_run_that_is_about_to_do_it(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient, passing: Path
) -> None:
    """R29."""
    starter = PrefectStarter(workspace, prefect_url, {})
    full = starter.start("passing", Request(full_sync=True), created_by="ann")
    for again in (Request(full_sync=True), Request()):
        with pytest.raises(Busy) as told:
            starter.start("passing", again, created_by="ann")
        assert told.value.run == full.id
    resent = starter.start("passing", Request(resend=True), created_by="ann")
    assert workspace.store.cancel(full.id, "ann")
    assert workspace.store.cancel(resent.id, "ann")
    client.delete_deployment(deployment(client, "passing").id)


def test_a_deployment_that_somebody_has_deleted_is_made_anew(
    workspace: Workspace, prefect_url: str, client: SyncPrefectClient, passing: Path
) -> None:
    starter = PrefectStarter(workspace, prefect_url, {})
    starter.follow()
    client.delete_deployment(deployment(client, "passing").id)
    run = starter.start("passing", Request(), created_by="ann")
    assert workspace.store.cancel(run.id, "ann")
    client.delete_deployment(deployment(client, "passing").id)


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
    assert workspace.store.cancel(waiting.id, "ann")
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


def test_prefects_page_is_found_beneath_ours_by_who_may(workspace: Workspace) -> None:
    served = Served(workspace, None)
    page = f"{served.url}/prefect"
    try:
        assert httpx.get(f"{page}/ui-settings").json()["api_url"] == f"{page}/api"
        assert httpx.get(f"{page}/api/health").json() is True
        found = httpx.get(f"{page}/", headers={"Accept": "text/html"}, follow_redirects=True)
        assert (found.status_code, "<script" in found.text) == (200, True)
        assert "connect-src 'self';" in found.headers["content-security-policy"]  # it reports to nobody
        own = served.api_url  # its own port answers nobody but us, who has users or not
        assert httpx.post(f"{own}/deployments/filter", json={"limit": 5}).status_code == 401
        with connect(f"{own}/events/out".replace("http", "ws", 1), **PREFECT) as line:
            line.send('{"type": "auth", "token": null}')
            with pytest.raises(ConnectionClosed):
                line.recv(timeout=10)
        asked = httpx.post(f"{page}/api/deployments/filter", json={"limit": 5})
        assert {one["name"] for one in asked.json()} == {"clock", "shop"}
        elsewhere = {"Origin": "http://evil.example"}
        assert httpx.post(f"{page}/api/deployments/filter", json={}, headers=elsewhere).status_code == 403
        with connect(f"{page}/api/events/out".replace("http", "ws", 1), **PREFECT) as line:
            line.send('{"type": "auth", "token": null}')
            assert "auth_success" in str(line.recv(timeout=10))
        _, key = workspace.people().create_key("etl", [Scope.ADMIN], role=Role.COMPANY_ADMIN)
        assert httpx.get(f"{page}/api/health", headers={"X-API-Key": key}).status_code == 403
        workspace.people().add_user("ann@example.com", Role.VIEWER)
        assert httpx.get(f"{page}/api/health").status_code == 401
        with (
            pytest.raises(InvalidStatus),
            connect(f"{page}/api/events/out".replace("http", "ws", 1), **PREFECT),
        ):
            pass
    finally:
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(40) == 0
