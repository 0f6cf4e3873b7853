"""The journey of a row, as programs are told it."""

import pytest
from fastapi import FastAPI

from syncline.workspace import Workspace
from tests.edge.web.program import Program

ROWS = "/connections/example/models/BOOKS/rows"


@pytest.fixture
def program(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)


@pytest.mark.promise("P6.7")
def test_every_change_to_a_row_is_told_with_its_run(program: Program) -> None:
    first = program.start()
    program.shop("UPDATE book SET price = 9.99, updated_at = '2026-02-01 10:00:00' WHERE id = 2")
    second = program.start()
    told = program.get(f"{ROWS}/2").json()
    assert (told["key"], told["next"]) == ({"id": "2"}, None)
    newest, oldest = told["items"]
    assert (newest["operation"], newest["run"], oldest["run"]) == ("update", second["id"], first["id"])
    assert (newest["before"]["price"], newest["after"]["price"], oldest["before"]) == (12.80, 9.99, None)


def test_a_row_that_never_was_has_no_journey_and_what_is_no_key_is_told(program: Program) -> None:
    assert program.get(f"{ROWS}/2").status_code == 404
    program.start()
    assert program.get(f"{ROWS}/77").json()["items"] == []
    for key in ("x", "1e400", "' OR 1=1 --", "1,2", "%ff", "99999999999999999999"):
        assert program.get(f"{ROWS}/{key}").status_code == 422, key
    assert program.get("/connections/example/models/NONE/rows/2").status_code == 404
