"""docs/push.md does what it says: its files are written, its commands sent, and answered as shown."""

import json
import re
from pathlib import Path

import pytest

from syncline.web.application import create
from syncline.workspace import Workspace
from tests.edge.web.program import API, Program
from tests.edge.web.test_api_docs import COMMAND, holds, sent

PAGE = Path(__file__).parents[4] / "docs/push.md"
FILE = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "connections").mkdir()
    for name, content in FILE.findall(PAGE.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    return Workspace.open(tmp_path)


def test_the_page_goes_as_told(workspace: Workspace) -> None:
    program, told = Program(create(workspace), workspace), COMMAND.findall(PAGE.read_text(encoding="utf-8"))
    assert len(told) > 6
    for command, status, shown in told:
        answer = sent(program, command.replace("$API", API))
        assert answer.status_code == int(status), f"{command}\n{answer.text}"
        assert holds(answer.json(), json.loads(shown)), f"{command}\n{answer.text}"
    assert not workspace.errors
    workspace.store.close()
