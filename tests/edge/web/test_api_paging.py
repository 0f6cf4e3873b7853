"""Lists in pages, while what they list comes and goes: nothing is left out, and nothing comes twice."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from syncline.request import Request
from syncline.run import Entry, Head, RunResult, RunStatus
from syncline.workspace import Workspace
from tests.edge.web.program import Program
from tests.edge.web.shelf import shelf_in

ENTRIES, OWED = "/connections/example/entries?limit=1", "/connections/example/models/BOOKS/owed"
FILES = "/api/v1/connections/example/models/BOOKS/files?limit=1"


@pytest.fixture
def program(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)


def owe(workspace: Workspace, *reasons: str) -> None:
    """A run that notes rows owed for these reasons, and no others."""
    store = workspace.store
    run = store.open_run("example", Request())
    store.commit(run, "BOOKS", Head(read="r"), [Entry("BOOKS", "rejected", reason, 1) for reason in reasons])
    store.close_run(run, RunStatus.SUCCEEDED, RunResult.PARTIAL)


def test_entries_that_come_and_go_between_two_pages_move_no_other(program: Program, workspace: Workspace) -> None:
    owe(workspace, "a", "b", "c")
    first = program.get(ENTRIES).json()
    seen = first["items"][0]["reason"]
    left = {"a", "b", "c"} - {seen}
    owe(workspace, *left, "d")
    found, after = [], first["next"]
    while after is not None:
        page = program.get(f"{ENTRIES}&after={after}").json()
        found += [one["reason"] for one in page["items"]]
        after = page["next"]
    assert sorted(found) == sorted(left | {"d"})


def test_a_version_that_is_published_between_two_pages_makes_none_come_twice(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    versions = [shelf.add(title) for title in ("Emma", "Persuasion")]
    reader = shelf.reader()
    page = reader.get(FILES).json()
    newest = shelf.add("Sanditon")
    assert [one["version"] for one in page["items"]] == [versions[1]]
    assert [one["version"] for one in reader.get(f"{FILES}&after={page['next']}").json()["items"]] == [versions[0]]
    assert reader.get(FILES).json()["items"][0]["version"] == newest


def test_a_page_of_what_is_owed_is_of_the_list_that_was_begun(program: Program, workspace: Workspace) -> None:
    before = [f"INSERT INTO book VALUES ({number}, 'B', 1, '2026-01-07 10:00:00')" for number in range(10, 30)]
    program.shop(*before)
    program.start()
    program.shop("DELETE FROM book WHERE id >= 12")
    program.start({"full_sync": True})
    page = program.get(f"{OWED}?limit=7").json()
    assert len(program.get(f"{OWED}?limit=7&after={page['next']}").json()["items"]) == 7
    head = workspace.store.head("example", "BOOKS")
    run = workspace.store.open_run("example", Request())
    workspace.store.commit(run, "BOOKS", replace(head, owed=None, owing={}))
    workspace.store.close_run(run, RunStatus.SUCCEEDED, RunResult.SUCCESS)
    answer = program.get(f"{OWED}?limit=7&after={page['next']}")
    assert (answer.status_code, answer.json()["hint"]) == (409, "begin with the first page")


def test_what_was_once_asked_for_is_shown_though_it_would_be_refused_today(
    program: Program, workspace: Workspace
) -> None:
    asked = Request.parse({"data_models_to_sync": ["BOOKS", {"data_model": "BOOKS", "sync_from": "2026-01-06"}]})
    workspace.store.record_run("example", asked, RunResult.SKIPPED, {})
    (run,) = program.get("/runs").json()["items"]
    assert len(run["request"]["data_models_to_sync"]) == 2


@pytest.mark.parametrize("after", ["x", "e30", "W10", "WzFd", "W10=", "é", "WyJhIiwgImIiXQ", "%00"])
def test_what_no_page_has_told_is_told(program: Program, after: str) -> None:
    assert program.get(f"/runs?after={after}").status_code in (400, 422)
    assert program.get(f"{ENTRIES}&after={after}").status_code in (200, 400, 422)
    assert program.get(f"{OWED}?after={after}").status_code in (400, 422)
