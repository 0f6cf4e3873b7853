"""A workspace that is served by a process of its own, and how to look at it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse

from syncline.run import Run
from syncline.workspace import Workspace

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
