"""What is owed is shown, approved exactly as it was shown, and tried again."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from fastapi import FastAPI

from syncline.workspace import Workspace
from tests.edge.web.program import Program

ROWS = [f"INSERT INTO book VALUES ({number}, 'B', 1, '2026-01-07 10:00:00')" for number in range(10, 30)]
OWED = "/connections/example/models/BOOKS/owed"
APPROVE = "/connections/example/approve"


@pytest.fixture
def program(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)


@pytest.fixture
def withheld(program: Program) -> dict[str, Any]:
    """A run whose deletions are over the limit."""
    program.shop(*ROWS)
    program.start()
    program.shop("DELETE FROM book WHERE id >= 12")
    run = program.start({"full_sync": True})
    assert (run["result"], run["models"][0]["counts"]["withheld"]) == ("partial", 18)
    return run


def copies(program: Program) -> int:
    with closing(sqlite3.connect(program.workspace.folder / "example/copy.db")) as copy:
        return int(copy.execute("SELECT count(*) FROM books").fetchone()[0])


@pytest.mark.promise("P6.2")
def test_withheld_deletions_are_shown_and_go_when_just_that_list_is_approved(
    program: Program, withheld: dict[str, Any]
) -> None:
    seen, after, shown = [], "", ""
    while after is not None:
        page = program.get(f"{OWED}?kind=withheld&limit=7{f'&after={after}' if after else ''}").json()
        seen += [one["key"]["id"] for one in page["items"]]
        after, shown = page["next"], page["list"]
    assert seen == list(range(12, 30))
    assert copies(program) == 23
    run = program.ended(program.post(APPROVE, {"models": {"BOOKS": shown}}))
    assert (run["result"], run["models"][0]["counts"]["deleted"], copies(program)) == ("success", 18, 5)
    assert program.get(OWED).json() == {"list": None, "items": [], "next": None}
    assert program.post(APPROVE, {"models": {"BOOKS": shown}}).status_code == 409


@pytest.mark.parametrize("shown", ["../../../x", "..", "", "a/b", "000", "x" * 300, "a\\b", "é"])
def test_a_list_that_was_never_shown_approves_nothing(program: Program, withheld: Any, shown: str) -> None:
    assert program.post(APPROVE, {"models": {"BOOKS": shown}}).status_code in {409, 422}
    assert program.post(APPROVE, {"models": {"NONE": shown}}).status_code == 422
    assert copies(program) == 23


def test_entries_are_listed_by_reason(program: Program, withheld: dict[str, Any]) -> None:
    (entry,) = program.get("/connections/example/entries").json()["items"]
    assert (entry["kind"], entry["count"], entry["run"]) == ("withheld", 18, withheld["id"])
    assert program.get(f"/runs/{withheld['id']}/entries").json()["items"] == [entry]
    assert program.get("/connections/example/entries?model=NONE").json()["items"] == []
    assert program.post("/connections/example/entries/retry").status_code == 409


@pytest.mark.promise("P6.9")
def test_rejected_rows_are_tried_again_and_their_entry_closes_when_they_pass(program: Program) -> None:
    file = program.workspace.folder / "connections/example.yaml"
    columns = "columns: {id: int64, title: string, price: int64, updated_at: timestamp}"
    file.write_text(file.read_text().replace("key: [id]", f"key: [id]\n    limits: {{rejected: 100%}}\n    {columns}"))
    run = program.start()
    assert run["models"][0]["counts"]["rejected"] == 3
    program.shop("UPDATE book SET price = 7 WHERE id = 1")
    again = program.ended(program.post(f"/runs/{run['id']}/retry"))
    assert (again["models"][0]["counts"]["inserted"], again["models"][0]["counts"]["rejected"]) == (1, 2)
    program.shop("UPDATE book SET price = 7")
    last = program.ended(program.post("/connections/example/entries/retry", {"models": ["BOOKS"]}))
    assert (last["result"], last["models"][0]["counts"]["inserted"]) == ("success", 2)
    assert program.get("/connections/example/entries").json()["items"] == []
    closed = program.get("/connections/example/entries?closed=true").json()["items"]
    assert closed
    assert all(entry["closedAt"] for entry in closed)
    answer = program.post("/connections/example/entries/retry", {"models": ["NONE"]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/models/0")
