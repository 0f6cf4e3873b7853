"""docs/api.md does what it says: its commands are sent, and answered as shown."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

from httpx import Response

from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from tests.edge.file_server import Server
from tests.edge.web.program import API, Program
from tests.edge.web.workspace import workspace_in

PAGE = Path(__file__).parents[3] / "docs/api.md"
COMMAND = re.compile(r"^\$ curl (.*?)\n(\d{3}) (.*?)$", re.MULTILINE | re.DOTALL)
SETTINGS = 'allow_private_urls: true\ndestinations: {warehouse: {kind: sql, url: "sqlite:///out.db"}}\n'


def test_the_page_goes_as_told(tmp_path: Path) -> None:
    workspace, server = workspace_in(tmp_path, SETTINGS), Server()
    program = Program(create(workspace, starter=ThreadStarter(workspace)), workspace)
    server.answers |= {"/monday.csv": b"id,price\n1,9.50\n2,8\n", "/tuesday.csv": b"id,price\n1,9.90\n2,8\n"}
    files, run = server.url("").partition("?")[0], ""
    told = COMMAND.findall(PAGE.read_text(encoding="utf-8"))
    assert len(told) > 8
    for command, status, shown in told:
        answer = sent(program, command.replace("$API", API).replace("$FILES", files).replace("$RUN", run))
        assert answer.status_code == int(status), f"{command}\n{answer.text}"
        assert holds(answer.json(), json.loads(shown)), f"{command}\n{answer.text}"
        if status == "202":
            run = program.ended(answer)["id"]


def sent(program: Program, command: str) -> Response:
    """Send what `curl` would; the key is the program's own."""
    words = iter(shlex.split(command))
    method, path, headers, body = "GET", "", dict[str, str](), None
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "--json":
            method, body, headers["Content-Type"] = "POST", next(words), "application/json"
        elif word == "-H" and (header := next(words)) != "$KEY":
            headers |= dict([header.split(": ", 1)])
        elif not word.startswith("-"):
            path = word
    return program.client.request(method, path, content=body, headers=headers)


def holds(found: Any, shown: Any) -> bool:
    """Whether an answer is as it is shown; what is left out, or stands as `...`, may be anything."""
    if isinstance(shown, dict):
        return all(name in found and holds(found[name], value) for name, value in shown.items())
    if isinstance(shown, list):
        return len(found) == len(shown) and all(map(holds, found, shown))
    if isinstance(shown, str) and "..." in shown:
        return str(found).endswith(shown.rpartition("...")[2])
    return bool(found == shown)
