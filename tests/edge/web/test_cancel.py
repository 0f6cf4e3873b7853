"""Runs are cancelled by whoever may, wherever they go on."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fastapi import FastAPI

from syncline.cli import main
from syncline.workspace import Workspace
from tests.edge.web.program import Program

RUNS = "/connections/example/runs"
ROOT = Path(__file__).parents[3]
SLOW = """
connection: example
source: {kind: sql, url: "sqlite:///example/shop.db"}
destination: {kind: sql, url: "sqlite:///example/copy.db"}
models:
  FIRST: {from: book, key: [id], to: {table: first}, transform: "slow:wait"}
  SECOND: {from: book, key: [id], to: {table: second}}
"""
WAITS = """
import time
from pathlib import Path
import pyarrow as pa

HERE = Path(__file__).parent

def wait(rows: pa.Table) -> pa.Table:
    (HERE / "begun").touch()
    while not (HERE / "go").exists():
        time.sleep(0.02)
    return rows
"""


@pytest.fixture
def program(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)


def test_a_run_is_cancelled_after_the_model_it_is_at(program: Program, held: threading.Event) -> None:
    active = program.post(RUNS)
    way = f"/runs/{active.json()['id']}/cancel"
    assert program.post(way).status_code == 202
    held.set()
    run = program.ended(active)
    assert (run["status"], run["result"]) == ("failed", "cancelled")
    assert program.post(way).status_code == 409


def test_a_run_of_another_process_is_cancelled_as_any_other(program: Program) -> None:
    """R30."""
    folder = program.workspace.folder
    (folder / "connections/example.yaml").write_text(SLOW)
    (folder / "slow.py").write_text(WAITS)
    program.workspace.reread()
    command = [sys.executable, "-m", "syncline", "-w", str(folder), "run", "example"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not (folder / "begun").exists():
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            (run,) = program.get("/runs?status=running").json()["items"]
            assert program.post(f"/runs/{run['id']}/cancel").json()["infos"]["cancelled_by"].startswith("key:")
            assert "somebody has cancelled it" in program.get(f"/runs/{run['id']}").text
            (folder / "go").touch()
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, "cancelled after the model" in said) == (1, True), said
    ended = program.get(f"/runs/{run['id']}").json()
    assert (ended["status"], ended["result"], len(ended["models"])) == ("failed", "cancelled", 1)


def test_the_command_line_cancels_a_run_that_the_service_has_begun(
    program: Program, held: threading.Event, capsys: pytest.CaptureFixture[str]
) -> None:
    active = program.post(RUNS)
    cancel = ["-w", str(program.workspace.folder), "cancel", active.json()["id"][:13]]
    assert main(cancel) == 0
    assert "ends after the model it is at" in capsys.readouterr().out
    held.set()
    assert program.ended(active)["result"] == "cancelled"
    assert main(cancel) == 2
