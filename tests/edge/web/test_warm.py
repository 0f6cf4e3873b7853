"""The first visitor waits for nothing that could have been done when serving began."""

import subprocess
import sys
from pathlib import Path

from syncline.cli.example import write_example

LOOK = """
import gc, sys
from jinja2 import Environment
from starlette.testclient import TestClient
from syncline.request import Request
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from syncline.web.warm import warm
from syncline.workspace import Workspace

place = Workspace.open(sys.argv[1])
starter = ThreadStarter(place)
run = starter.wait(starter.start("example", Request(), created_by="anybody"))
app = create(place, starter=starter, may_be_open=True)
warm(app)
compiled, known = [], set(sys.modules)
Environment._generate = lambda *args, **more: compiled.append(args)
client = TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 50000))
books = "/connections/example/BOOKS"
ways = ["/", "/settings/syncs", f"/settings/syncs/{run.id}", f"/settings/syncs/{run.id}/changes/BOOKS"]
for way in [*ways, "/connections/example", f"{books}/journey?key=1", f"{books}/waiting", "/settings/users"]:
    assert client.get(way).status_code == 200, way
found = {name for name in set(sys.modules) - known if name.split(".")[0] in ("syncline", "duckdb", "pandas", "numpy")}
print(len(compiled), sorted(found), gc.get_freeze_count() > 100_000)
"""


def test_the_first_visitor_waits_for_no_template_and_no_module_and_nobody_for_the_collector(tmp_path: Path) -> None:
    write_example(tmp_path)
    look = [sys.executable, "-W", "ignore", "-c", LOOK, str(tmp_path)]
    done = subprocess.run(look, capture_output=True, text=True, check=True, timeout=50)
    assert (done.stdout.strip(), done.stderr) == ("0 [] True", "")
