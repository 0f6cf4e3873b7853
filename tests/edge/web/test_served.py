"""Run by any ASGI server, as its own documentation says."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.edge.web.workspace import workspace_in

ROOT = Path(__file__).parents[3]


def test_any_server_runs_it_and_the_first_to_come_in_is_told_how(tmp_path: Path) -> None:
    workspace_in(tmp_path)
    command = [sys.executable, "-m", "uvicorn", "syncline.web:app", "--factory", "--port", "0"]
    environment = os.environ | {"SYNCLINE_WORKSPACE": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            said = ""
            while "running on " not in said:
                said += (line := server.stderr.readline())
                assert line, said
            address = said.partition("running on ")[2].split()[0]
            link = said.partition("SystemAdmin: ")[2].split()[0]
            assert httpx.get(f"{address}/", headers={"Accept": "text/html"}).status_code == 303
            assert "You are the first" in httpx.get(f"{address}{link}").text
        finally:
            server.terminate()


def test_looking_at_the_package_brings_no_web_framework_along() -> None:
    code = "import sys, syncline.web; print(*{'fastapi', 'starlette', 'jinja2'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split() == []
