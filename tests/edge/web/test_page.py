"""Pages without a browser: what they say of odd runs, what they refuse, and that nothing in them is others' markup."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from syncline.people import Role
from syncline.request import Request
from syncline.run import Counts, Entry, ModelRun, Run, RunResult, RunStatus
from syncline.web.pages import chart
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.visitor import PASSWORD, Browser

EVIL = "<script>alert('x')</script>\"&'"


def ran(workspace: Workspace) -> Run:
    starter = ThreadStarter(workspace)
    return starter.wait(starter.start("example", Request(), created_by="ann"))


@pytest.fixture
def vera(app: FastAPI, workspace: Workspace) -> Browser:
    """The browser of a Viewer."""
    workspace.people().add_user("vera@example.com", Role.VIEWER, password=PASSWORD)
    browser = Browser(TestClient(app, "http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False))
    assert browser.log_in("vera@example.com").status_code == 303
    return browser


def test_a_run_of_which_little_is_known_has_a_page(workspace: Workspace, ann: Browser) -> None:
    store = workspace.store
    bare = store.open_run("example", Request())
    assert "not come to a model yet" in ann.get(f"/settings/syncs/{bare.id}").text
    store.progress(bare, ModelRun("BOOKS", "full"))  # as runs were kept before steps had times
    store.progress(bare, ModelRun("GONE", "full", RunStatus.RUNNING, step="load"))
    assert ann.get(f"/settings/syncs/{bare.id}").status_code == 200
    store.close_run(bare, RunStatus.FAILED, RunResult.CANCELLED)
    assert "somebody cancelled it" in ann.get(f"/settings/syncs/{bare.id}").text
    other = store.record_run("no such connection", Request(), RunResult.SKIPPED, {"error": "why"})
    assert ann.get(f"/settings/syncs/{other.id}").status_code == 200
    assert "Nothing was sent" in ann.get(f"/settings/syncs/{bare.id}/changes/GONE").text


def test_what_others_wrote_is_never_markup(workspace: Workspace, ann: Browser) -> None:
    store = workspace.store
    run = store.open_run(EVIL, Request(), created_by=EVIL, runner=EVIL)
    store.progress(run, ModelRun(EVIL, EVIL, RunStatus.FAILED, RunResult.ERROR, EVIL, plan=EVIL, error=EVIL))
    entry = Entry(EVIL, EVIL, EVIL, 1, (EVIL,))
    head = store.head(EVIL, EVIL)
    store.commit(run, EVIL, head, [entry])
    store.close_run(run, RunStatus.FAILED, RunResult.ERROR, {"error": EVIL})
    workspace.people().create_key(EVIL, ["admin"])  # type: ignore[list-item]
    for path in ("/", "/settings/syncs", f"/settings/syncs/{run.id}", "/settings/keys", "/settings/users"):
        shown = ann.get(path)
        assert shown.status_code == 200, path
        assert "<script>alert" not in shown.text, path
    for path in ("/settings/syncs?q={}", "/settings/syncs?connection={}", "/connections/example/BOOKS/journey?key={}"):
        assert "<script>alert" not in ann.client.get(path.format(EVIL)).text, path


def test_what_is_not_there_is_not_found_and_odd_parameters_do_no_harm(workspace: Workspace, ann: Browser) -> None:
    run = ran(workspace).id
    for path in (
        "/connections/none",
        "/connections/example/NONE/journey",
        "/connections/example/NONE/waiting",
        "/settings/syncs/none",
        f"/settings/syncs/{run}/changes/NONE",
    ):
        assert ann.get(path).status_code == 404, path
    for path in (
        "/settings/syncs?status=x&type=y&since=z&q=%25_%5C&model=%F0%9F%90%88",
        f"/settings/syncs/{run}/changes/BOOKS?kind=x&start=999999",
        "/connections/example/BOOKS/waiting?start=99",
        "/connections/example/BOOKS/journey?key=x&before=x",
        "/connections/example/BOOKS/journey?key=1&key=2",
    ):
        assert ann.get(path).status_code == 200, path
    for path in (
        f"/settings/syncs/{run}/changes/BOOKS?start=-1",
        "/settings/syncs?after=x",
        f"/settings/syncs?q={'x' * 201}",
    ):
        assert ann.get(path).status_code == 422, path


def test_a_form_starts_a_run_and_one_that_does_not_fit_is_refused(workspace: Workspace, ann: Browser) -> None:
    started = ann.send("/connections/example/run", "/settings/syncs", mode="full")
    assert (started.status_code, started.headers["location"][:16]) == (303, "/settings/syncs/")
    for wrong in (
        {"mode": "x"},
        {},
        {"mode": "from_date"},
        {"mode": "from_date", "sync_from": "soon", "model": "BOOKS"},
    ):
        assert ann.send("/connections/example/run", "/settings/syncs", **wrong).status_code == 422, wrong
    assert ann.send("/connections/example/run", "/settings/syncs", mode="full", model="NONE").status_code == 422
    assert ann.send("/connections/none/run", "/settings/syncs", mode="full").status_code == 404
    assert ann.client.post("/connections/example/run", data={"mode": "full"}).status_code == 403
    approve = "/connections/example/approve"
    assert ann.send(approve, "/settings/syncs").status_code == 422
    assert ann.send(approve, "/settings/syncs", model="NONE", list="x").status_code == 422
    assert ann.send(approve, "/settings/syncs", model="BOOKS", list="../../x").status_code == 422
    assert ann.send(approve, "/settings/syncs", model="BOOKS", list="000000000001-BOOKS").status_code == 409


@pytest.mark.promise("P1.15")
def test_p1_15_a_full_run_is_refused_where_only_incremental_is_enabled(workspace: Workspace, ann: Browser) -> None:
    file = Path(workspace.folder, "connections", "example.yaml")
    file.write_text(file.read_text() + "\nfeatures: [incremental]\n")
    refused = ann.send("/connections/example/run", "/settings/syncs", mode="full")
    assert refused.status_code == 422
    assert "does not allow full runs" in refused.text
    assert "Full synchronization" not in ann.get("/connections/example").text
    assert workspace.store.runs() == []


def test_who_may_only_look_starts_and_administers_nothing(workspace: Workspace, vera: Browser) -> None:
    for path in ("/connections/example/run", "/connections/example/approve"):
        assert vera.send(path, "/settings/syncs", mode="full").status_code == 403
    for path in ("/settings/keys", "/settings/users"):
        assert vera.get(path).status_code == 403
    assert "Run synchronization" not in vera.get("/settings/syncs").text
    assert workspace.store.runs() == []


def test_nobody_gives_a_role_that_is_higher_than_their_own(workspace: Workspace, browser: Browser) -> None:
    people = workspace.people()
    people.add_user("carl@example.com", Role.COMPANY_ADMIN, password=PASSWORD)
    system = people.add_user("sue@example.com", Role.SYSTEM_ADMIN)
    browser.log_in("carl@example.com")
    page = "/settings/users"
    assert browser.send(page, page, email="x@example.com", role="SystemAdmin").status_code == 403
    assert browser.send(f"{page}/{system.id}/disable", page).status_code == 403
    own = next(user.id for user in people.users() if user.email == "carl@example.com")
    assert browser.send(f"{page}/{own}/disable", page).status_code == 403
    assert browser.send(page, page, email="x@example.com", role="Viewer").status_code == 200
    assert browser.send(page, page, email="x@example.com", role="Viewer").status_code == 422
    assert {user.email for user in people.users() if user.disabled_at is None} == {
        "carl@example.com",
        "sue@example.com",
        "x@example.com",
    }


def test_the_run_is_linked_where_prefect_shows_it_for_who_may_see_that(
    app: FastAPI, workspace: Workspace, ann: Browser, vera: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ran(workspace)
    monkeypatch.setattr(ThreadStarter, "page_of", lambda _self, run: f"/prefect/runs/flow-run/{run.id}")
    link = f'href="/prefect/runs/flow-run/{run.id}"'
    assert link in ann.get(f"/settings/syncs/{run.id}").text
    assert link not in vera.get(f"/settings/syncs/{run.id}").text


def test_a_part_of_the_layout_is_refreshed_as_such(ann: Browser) -> None:
    part = ann.get("/settings/syncs", **{"X-Fragment": "last_update"}).text
    assert "No update yet" in part
    assert "<main" not in part


def test_a_bar_is_as_high_as_the_drawing_at_most(workspace: Workspace) -> None:
    now = datetime.now(UTC)
    counts = [Counts(inserted=1_000_000, deleted=3), Counts(), Counts(updated=1)]
    runs = [
        Run(
            "1",
            "t",
            "c",
            Request(),
            RunStatus.SUCCEEDED,
            now,
            now,
            started_at=now,
            ended_at=now + timedelta(seconds=one),
            models=(ModelRun("M", "full", counts=count),),
        )
        for one, count in enumerate(counts)
    ]
    for drawn in (chart.changed(runs), chart.lasted(runs), chart.changed([]), chart.lasted([])):
        for bar in drawn.bars:
            assert 0 <= bar.y <= chart.HEIGHT
            assert bar.y + bar.height <= chart.HEIGHT + 0.1
            assert bar.x + bar.width <= chart.WIDTH
    assert "1,000,000" in re.sub(r"1,000,003", "1,000,000", chart.changed(runs).most)
