"""The log of a run, wherever it goes on and whoever looks: the command line, the service, its API and its page."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from connectors.sql.ahead import Ahead
from syncline.line import Line
from syncline.people import Role
from syncline.request import Request
from syncline.run import Run, RunResult, RunStatus
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.shop import Call, configure, fill, sell
from tests.edge.web.program import Program
from tests.edge.web.visitor import PASSWORD, Browser

BOOKS = """
import logging

import pyarrow as pa

log = logging.getLogger(__name__)


def clean(rows: pa.Table) -> pa.Table:
    if len(rows):
        log.debug("never")
        log.info("%s rows <b>came</b>\\x1b[31m", len(rows))
        logging.warning("mind the gap")
    return rows
"""


@pytest.fixture
def telling(shop: Path) -> Iterator[Path]:
    """A shop whose rows go through a function that tells what it does."""
    (shop / "books.py").write_text(BOOKS)
    configure(shop, "    to: {table: books}", "    transform: books:clean\n    to: {table: books}")
    yield shop
    logging.getLogger("books").setLevel(logging.NOTSET)


def said(lines: list[Line]) -> list[tuple[str, str, str]]:
    return [(line.level, line.model, line.text) for line in lines]


TOLD = [("info", "BOOKS", "3 rows <b>came</b>\x1b[31m"), ("warning", "BOOKS", "mind the gap")]


def ran(workspace: Workspace) -> Run:
    starter = ThreadStarter(workspace)
    return starter.wait(starter.start("example", Request(), created_by="ann"))


def test_what_a_function_of_ones_own_tells_is_kept_with_the_run(telling: Path, call: Call) -> None:
    done = call("run", "--json")
    (run,) = done.json
    assert done.err.count("mind the gap") == 1
    kept = Workspace.open(telling).store.log(run["id"])
    assert said(kept)[:2] == TOLD
    assert [line.text.split()[0] for line in kept[2:]] == ["published"]
    assert ran(Workspace.open(telling)).result is RunResult.NO_CHANGES


def test_the_log_of_a_run_is_shown_among_its_steps(telling: Path, call: Call) -> None:
    (run,) = call("run", "--json").json
    shown = call("log", run["id"][:8])
    assert shown.code == 0
    whats = [line[21:].split("  ", 1) for line in shown.out.splitlines()]
    steps = [what.strip() for level, what in whats if level == "step"]
    assert [step.removeprefix("BOOKS: ") for step in steps if ":" in step][:4] == [
        "check",
        "extract",
        "diff",
        "transform",
    ]
    assert steps[-1] == "success"
    assert ["info", "   BOOKS: 3 rows <b>came</b>\\x1b[31m"] in whats
    objects = [json.loads(line) for line in call("log", run["id"], "--json").out.splitlines()]
    assert [one["text"] for one in objects if one["level"] == "warning"] == ["mind the gap"]
    assert call("log", "none").code == 2


def test_who_follows_a_run_sees_what_is_said_until_it_ends(shop: Path, call: Call) -> None:
    store = Workspace.open(shop).store
    run = store.open_run("example", Request())
    store.say(run, [Line(run.created_at, "info", "it begins")], start=0)
    command = [sys.executable, "-m", "syncline", "log", run.id, "--follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert [following.stdout.readline().split()[-1] for _ in range(2)] == ["created", "begins"]
        store.say(run, [Line(run.created_at, "warning", "it goes on")], start=1)
        assert following.stdout.readline().endswith("warning  it goes on\n")
        store.close_run(run, RunStatus.FAILED, RunResult.ERROR, {"error": "why"})
        assert following.stdout.read().endswith("error    error: why\n")
    assert following.returncode == 0


def test_a_program_reads_the_log_page_by_page_while_the_run_goes_on(telling: Path) -> None:
    workspace = Workspace.open(telling)
    program = Program(create(workspace, starter=ThreadStarter(workspace)), workspace)
    way = f"/runs/{ran(workspace).id}/log"
    first = program.get(f"{way}?limit=2").json()
    assert [(one["level"], one["model"], one["text"]) for one in first["items"]] == TOLD
    rest = program.get(f"{way}?limit=2&after={first['next']}").json()
    assert [one["text"].split()[0] for one in rest["items"]] == ["published"]
    assert rest["next"] is None
    assert program.get(f"{way}?after=3").json() == {"items": [], "next": None}
    assert program.get("/runs/none/log").status_code == 404
    assert program.get(f"{way}?after=x").status_code == 422


def test_the_page_shows_the_log_as_text_and_of_a_long_one_the_end(telling: Path) -> None:
    workspace = Workspace.open(telling)
    run = ran(workspace)
    workspace.people().add_user("ann@example.com", Role.SYSTEM_ADMIN, password=PASSWORD)
    client = TestClient(create(workspace), "http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False)
    ann = Browser(client)
    ann.log_in("ann@example.com")
    page = ann.get(f"/settings/syncs/{run.id}").text
    assert "3 rows &lt;b&gt;came&lt;/b&gt;" in page
    assert '<tr class="warning">' in page
    assert "before these" not in page
    workspace.store.say(run, [Line(run.created_at, "info", f"one of many {number}") for number in range(300)], start=3)
    page = ann.get(f"/settings/syncs/{run.id}").text
    assert "one of many 299" in page
    assert "one of many 1<" not in page
    assert "lines before these" in page


def test_what_is_read_ahead_is_read_in_the_context_of_its_run() -> None:
    run = ContextVar[str]("run")
    run.set("mine")
    items = ((run.get(), threading.current_thread().name) for _ in range(1))
    assert list(Ahead(items, lambda: None, 1)) == [("mine", "read ahead")]


def test_rows_that_were_rejected_are_told(shop: Path, call: Call) -> None:
    fill(shop, 4, 30)
    sell(shop, "UPDATE book SET price = 'dear' WHERE id = 7")
    (run,) = call("run", "--json").json
    told = [line.text for line in Workspace.open(shop).store.log(run["id"])]
    assert told[0].startswith("1 rejected: `price`: … is not a decimal(8,2)"), told
