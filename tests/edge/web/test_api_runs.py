"""Runs are started, watched and cancelled by programs."""

import io
import json
import threading
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

from syncline.people import Scope
from syncline.request import Request
from syncline.workspace import Workspace
from tests.edge.web.program import API, Program
from tests.edge.web.workspace import key

RUNS = "/connections/example/runs"
LATER = "UPDATE book SET price = 9.99, updated_at = '2026-02-01 10:00:00' WHERE id = 2"


@pytest.fixture
def program(app: FastAPI, workspace: Workspace) -> Program:
    return Program(app, workspace)


@pytest.mark.promise("P3.14")
def test_a_run_is_started_and_found_where_the_answer_says(program: Program) -> None:
    answer = program.post(RUNS)
    assert (answer.status_code, answer.headers["location"]) == (202, f"{API}/runs/{answer.json()['id']}")
    run = program.ended(answer)
    assert (run["status"], run["result"], run["models"][0]["counts"]["inserted"]) == ("succeeded", "success", 3)
    assert program.get(f"/runs/{run['id'].upper()}").json()["id"] == run["id"]
    assert run["createByUserId"] == f"key:{program.workspace.people().keys()[0].id}"


@pytest.mark.promise("P3.15")
def test_without_parameters_a_run_is_incremental(program: Program) -> None:
    program.start()
    program.shop(LATER)
    run = program.start()
    assert (run["models"][0]["mode"], run["models"][0]["counts"]["updated"]) == ("incremental", 1)


@pytest.mark.promise("P3.16")
def test_full_sync_true_makes_it_full(program: Program) -> None:
    program.start()
    program.shop("DELETE FROM book WHERE id = 3")
    run = program.start({"full_sync": True})
    assert (run["models"][0]["mode"], run["models"][0]["counts"]["deleted"]) == ("full", 1)


@pytest.mark.promise("P3.19")
def test_a_model_and_a_date_are_taken_as_they_stand(program: Program) -> None:
    run = program.start({"data_models_to_sync": [{"data_model": "BOOKS", "sync_from": "2026-01-06"}]})
    assert (run["models"][0]["mode"], run["models"][0]["counts"]["read"]) == ("from_date", 1)
    assert program.start({"data_models_to_sync": ["BOOKS"]})["models"][0]["model"] == "BOOKS"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"data_models_to_sync": ["NONE"]}, "BOOKS"),
        ({"full_sync": True, "data_models_to_sync": [{"data_model": "BOOKS", "sync_from": "2026-01-06"}]}, "exclude"),
        ({"data_models_to_sync": [{"data_model": "BOOKS", "sync_from": "soon"}]}, "not a date"),
        ({"data_models_to_sync": ["BOOKS", {"data_model": "BOOKS", "sync_from": "2026-01-06"}]}, "different things"),
        ({"data_models_to_sync": [{"data_model": "BOOKS", "sync_from": "0001-01-01T00:00:00+14:00"}]}, "range"),
        ({"full_sync": "yes"}, "does not fit"),
        ({"approve": {"BOOKS": "x"}}, "does not fit"),
        ({"source_files": ["https://example.com/a.csv"], "data_models_to_sync": ["a\0b"]}, "U+0000"),
        ({"source_files": [{"url": "ftp://example.com/a.csv"}]}, "https://"),
        ([], "does not fit"),
    ],
)
def test_what_is_no_request_is_told(program: Program, asked: Any, says: str) -> None:
    answer = program.post(RUNS, asked)
    assert answer.status_code == 422, answer.text
    assert says in answer.text
    assert program.get("/runs").json()["items"] == []


@pytest.mark.promise("P1.14")
def test_a_mode_that_is_not_enabled_is_refused(program: Program) -> None:
    file = program.workspace.folder / "connections/example.yaml"
    file.write_text(file.read_text().replace("connection: example", "connection: example\nfeatures: [full]"))
    answer = program.post("/connections/example/refresh")
    assert (answer.status_code, "incremental" in answer.text) == (422, True)
    assert program.start()["models"][0]["mode"] == "full"


def test_a_start_while_a_run_is_active_leads_to_it_or_is_refused(program: Program, held: threading.Event) -> None:
    active = program.post(RUNS)
    again = program.post(RUNS, {"data_models_to_sync": ["BOOKS"]})
    assert (again.status_code, again.headers["location"]) == (303, active.headers["location"])
    other = program.post(RUNS, {"full_sync": True})
    assert (other.status_code, other.json()["run"]) == (409, active.json()["id"])
    held.set()
    assert program.ended(active)["status"] == "succeeded"


def test_changed_settings_are_carried_out_before_the_run_that_was_asked_for(program: Program) -> None:
    program.start()
    file = program.workspace.folder / "connections/example.yaml"
    file.write_text(file.read_text().replace("key: [id]", "key: [id]\n    filter: id <> 2"))
    program.workspace.reread()
    run = program.start()
    runs = program.get("/runs").json()["items"]
    kinds = [(one["id"] == run["id"], one["type"], one["models"][0]["counts"]["deleted"]) for one in runs]
    assert sorted(kinds[:2]) == [(False, "configuration update", 1), (True, "resources update", 0)]
    assert run["status"] == "succeeded"


@pytest.mark.promise("P1.3")
def test_a_run_shows_how_far_it_is(program: Program, held: threading.Event) -> None:
    held.set()
    program.start({"full_sync": True})
    held.clear()
    active = program.post(RUNS, {"full_sync": True})
    model = program.get(f"/runs/{active.json()['id']}/models/BOOKS").json() if _begun(program, active) else {}
    assert (model["status"], model["step"]) == ("running", "extract")
    assert 0 < model["share"] <= 1
    assert model["secondsLeft"] >= 0
    held.set()
    program.ended(active)


def _begun(program: Program, active: Any) -> bool:
    """Wait until the run's model is being read; the pause is that of who asks for a status."""
    pause = threading.Event()
    for _ in range(200):
        models = program.get(f"/runs/{active.json()['id']}/models").json()["items"]
        if models and models[0]["step"] == "extract":
            return True
        pause.wait(0.05)
    return False


@pytest.mark.promise("P3.13")
def test_refresh_is_an_incremental_run_of_all_models(program: Program) -> None:
    answer = program.post("/connections/example/refresh")
    assert answer.status_code == 202
    assert program.ended(answer)["request"]["full_sync"] is False


@pytest.mark.promise("P6.15")
def test_a_status_says_which_rule_set_it(program: Program) -> None:
    program.start()
    assert program.start()["reasons"][0] == {"rule": "R30", "text": "nothing has changed, so nothing was written"}


def test_what_was_sent_is_read_before_and_after_in_every_form(program: Program) -> None:
    program.start()
    program.shop(LATER, "DELETE FROM book WHERE id = 1", "INSERT INTO book VALUES (4, 'Émile', 5, '2026-02-02')")
    run = program.start({"full_sync": True})
    way = f"/runs/{run['id']}/models/BOOKS/changes"
    page = program.get(way).json()
    told = [(one["operation"], one["before"], one["after"]) for one in page["items"]]
    assert [one[0] for one in told] == ["delete", "update", "insert"]
    assert (told[0][1]["id"], told[0][2]) == (1, None)
    assert (told[1][1]["price"], told[1][2]["price"]) == (12.80, 9.99)
    assert (told[2][1], told[2][2]["title"]) == (None, "Émile")
    lines = program.get(way, headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line) for line in lines.text.splitlines()] == page["items"]
    arrow = pa.ipc.open_stream(program.get(way, headers={"Accept": "application/vnd.apache.arrow.stream"}).content)
    parquet = program.get(way, headers={"Accept": "application/vnd.apache.parquet"})
    rows = pq.read_table(io.BytesIO(parquet.content))
    assert rows == arrow.read_all()
    assert rows.column("operation").to_pylist() == ["delete", "update", "insert"]
    assert str(rows.column("after")[1]["price"].as_py()) == "9.99"
    assert program.get(way, headers={"Accept": "text/csv"}).status_code == 406


def test_changes_are_read_page_by_page(program: Program) -> None:
    run = program.start()
    way, seen, after = f"/runs/{run['id']}/models/BOOKS/changes?limit=2", [], ""
    while after is not None:
        page = program.get(f"{way}&after={after}" if after else way).json()
        seen += [one["after"]["id"] for one in page["items"]]
        after = page["next"]
    assert seen == [1, 2, 3]
    assert program.get(f"{way}&operation=delete").json() == {"items": [], "next": None}
    assert program.get(f"{way}&after=x").status_code == 422


def test_rows_that_are_not_kept_any_more_are_gone_and_nothing_sent_is_not_found(program: Program) -> None:
    run, idle = program.start(), program.start()
    assert program.get(f"/runs/{idle['id']}/models/BOOKS/changes").status_code == 404
    assert program.get(f"/runs/{run['id']}/models/NONE/changes").status_code == 404
    for file in program.workspace.storage.root.glob("data/**/plan.json"):
        file.unlink()
    assert program.get(f"/runs/{run['id']}/models/BOOKS/changes").status_code == 410


def test_files_of_a_run_are_listed_and_may_be_loaded_where_that_is_enabled(program: Program) -> None:
    run = program.start()
    (file,) = program.get(f"/runs/{run['id']}/files").json()["items"]
    assert (file["model"], file["name"].endswith(".csv"), file["url"]) == ("BOOKS", True, None)


def test_a_key_that_may_only_look_starts_nothing(app: FastAPI, program: Program) -> None:
    run = program.start()
    program.client.headers.update(key(program.workspace, Scope.SYNC_READ))
    for way in (
        RUNS,
        "/connections/example/refresh",
        "/connections/example/entries/retry",
        f"/runs/{run['id']}/cancel",
        f"/runs/{run['id']}/retry",
    ):
        assert program.post(way).status_code == 403, way
    assert program.post("/connections/example/approve", {"models": {"BOOKS": "x"}}).status_code == 403


def test_paths_are_not_to_be_named_unless_the_workspace_allows_it(program: Program) -> None:
    for file in ("../secret.csv", {"path": "/etc/passwd"}, "example/shop.db"):
        assert program.post(RUNS, {"source_files": [file]}).status_code == 403


def test_a_narrower_run_covers_no_wider_one(workspace: Workspace) -> None:
    connection = workspace.connection("example")
    dated = Request.parse({"data_models_to_sync": [{"data_model": "BOOKS", "sync_from": "2026-01-01"}]})
    later = Request.parse({"data_models_to_sync": [{"data_model": "BOOKS", "sync_from": "2026-01-02"}]})
    usual, full, anew = Request(), Request(full_sync=True), Request(resend=True)
    files = Request.parse({"source_files": ["https://example.com/a.csv"]})
    covered = [(usual, usual), (full, usual), (full, dated), (dated, later), (dated, dated), (anew, usual)]
    not_covered = [(usual, full), (later, dated), (usual, dated), (dated, usual), (usual, anew), (files, files)]
    not_covered += [(Request(update=True), usual), (usual, Request(approve={"BOOKS": "x"}))]
    assert all(one.covers(other, connection) for one, other in covered)
    assert not any(one.covers(other, connection) for one, other in not_covered)
