"""Webhooks are told of every transition of a run, signed, and again until they take it (P6.14)."""

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from syncline.cli import main
from syncline.cli.example import write_example
from syncline.errors import ConfigError
from syncline.request import Request
from syncline.run import RunResult, RunStatus
from syncline.telling import telling
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace

SECRET = "s3same"
ROOT = Path(__file__).parents[2]


class Receiver:
    """Another system; `statuses` are its next answers, after them it takes everything."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.told: list[tuple[dict[str, str], bytes]] = []
        self._more = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.take(self)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._more:
            self.told.append((dict(handler.headers), body))
            status = self.statuses.pop(0) if self.statuses else 204
            self._more.notify_all()
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        if status == 302:
            handler.send_header("Location", "http://127.0.0.1:1/")
        handler.end_headers()

    def wait(self, count: int) -> list[dict[str, Any]]:
        """The first messages, as soon as there are so many."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.told) >= count, 20), len(self.told)
        return [json.loads(body) for _, body in self.told[:count]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def workspace_in(
    folder: Path, receiver: Receiver, more: str = "", settings: str = "allow_private_urls: true"
) -> Workspace:
    write_example(folder)
    hook = f'{{url: "{receiver.url}", secret: {SECRET}{more}}}'
    (folder / "syncline.yaml").write_text(f"tenant: shop\n{settings}\nwebhooks: {hook}\n")
    return Workspace.open(folder)


def synced(workspace: Workspace) -> str:
    starter = ThreadStarter(workspace)
    return starter.wait(starter.start("example", Request(), created_by="ann")).id


def left(workspace: Workspace) -> int:
    with workspace.notices.database.reading() as view:
        return int(view.exec_driver_sql("SELECT count(*) FROM syncline_notice").scalar_one())


@pytest.mark.promise("P6.14")
def test_every_transition_is_told_signed(tmp_path: Path, receiver: Receiver) -> None:
    workspace = workspace_in(tmp_path, receiver)
    with telling(workspace, idle=0.05):
        run = synced(workspace)
        store = workspace.store
        waiting = store.schedule_run("example", Request(), runner="process", created_by="ann")
        store.withdraw(waiting.id, RunResult.CANCELLED, {})
        store.record_run("example", Request(), RunResult.SKIPPED, {})
        told = receiver.wait(5)
    events = [(one["event"], one["run"]["id"] == run) for one in told]
    assert events == [
        ("run.running", True),
        ("run.succeeded", True),
        ("run.scheduled", False),
        ("run.failed", False),
        ("run.succeeded", False),
    ]
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)[0], names)
    is_ours, now = names["is_from_syncline"], time.time()
    for headers, body in receiver.told:
        signed = headers["Syncline-Signature"]
        assert is_ours(SECRET, signed, body, now)
        assert not is_ours(SECRET, signed, body + b" ", now)
        assert not is_ours("another", signed, body, now)
        assert not is_ours(SECRET, signed, body, now + 3600)
        assert headers["Syncline-Delivery"] == json.loads(body)["id"]
    assert told[1]["run"]["models"][0]["counts"]["inserted"] == 3


def test_what_is_not_taken_is_told_again_until_it_is(tmp_path: Path, receiver: Receiver) -> None:
    workspace = workspace_in(tmp_path, receiver, ", statuses: succeeded")
    receiver.statuses = [500, 429, 302]
    with telling(workspace, first=0.05, idle=0.05):
        synced(workspace)
        told = receiver.wait(4)
    assert len({one["id"] for one in told}) == 1
    assert left(workspace) == 0


def test_what_happened_while_nobody_told_it_is_told_later(tmp_path: Path, receiver: Receiver) -> None:
    workspace = workspace_in(tmp_path, receiver)
    assert main(["-w", str(tmp_path), "run"]) == 0
    assert (receiver.told, left(workspace)) == ([], 2)
    with telling(workspace, idle=0.05):
        assert [one["event"] for one in receiver.wait(2)] == ["run.running", "run.succeeded"]
    assert left(workspace) == 0


def test_the_end_of_a_run_whose_process_died_is_told(tmp_path: Path, receiver: Receiver, monkeypatch: Any) -> None:
    monkeypatch.setenv("SYNCLINE_LEASE_SECONDS", "0.01")
    workspace = workspace_in(tmp_path, receiver, ", statuses: [failed]")
    dead = workspace.store.open_run("example", Request())
    threading.Event().wait(0.05)
    assert workspace.store.run(dead.id).status is RunStatus.FAILED
    with telling(workspace, idle=0.05):
        assert receiver.wait(1)[0]["run"]["id"] == dead.id


def test_private_addresses_are_told_nothing_unless_they_are_allowed(tmp_path: Path, receiver: Receiver) -> None:
    workspace = workspace_in(tmp_path, receiver, settings="")
    synced(workspace)
    with telling(workspace, idle=0.05):
        for _ in range(200):
            if not left(workspace):
                break
            threading.Event().wait(0.02)
    assert (receiver.told, left(workspace)) == ([], 0)


def test_only_what_a_webhook_wants_is_noted(tmp_path: Path, receiver: Receiver) -> None:
    workspace = workspace_in(tmp_path, receiver, ", connections: [other]")
    synced(workspace)
    assert left(workspace) == 0
    workspace.store_of("acme").record_run("other", Request(), RunResult.SKIPPED, {})
    assert left(workspace) == 0
    workspace.store.record_run("other", Request(), RunResult.SKIPPED, {})
    assert left(workspace) == 1


def test_one_that_is_about_to_be_told_is_taken_by_nobody_else(tmp_path: Path, receiver: Receiver) -> None:
    workspace = workspace_in(tmp_path, receiver)
    synced(workspace)
    assert (len(workspace.notices.take()), workspace.notices.take()) == (2, [])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{url: example.com, secret: x}", "an address"),
        ("{url: 'https://example.com'}", "`secret` is missing"),
        ("{url: 'https://example.com', secret: x, statuses: [done]}", "cannot be `done`"),
        ("{url: 'https://[', secret: x}", "an address"),
    ],
)
def test_a_webhook_that_cannot_be_is_told(tmp_path: Path, said: str, told: str) -> None:
    write_example(tmp_path)
    (tmp_path / "syncline.yaml").write_text(f"webhooks: {said}\n")
    with pytest.raises(ConfigError, match=told):
        Workspace.open(tmp_path)
