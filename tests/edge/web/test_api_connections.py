"""Connections are made, changed and removed by programs; nothing they say leads where it may not."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from syncline.authored import FIRST
from syncline.people import Role, Scope
from syncline.request import Request
from syncline.web.application import create
from syncline.workspace import Workspace
from tests.edge.file_server import Server
from tests.edge.web.made import FILES, PRICES, SQL, WAREHOUSE, program_in
from tests.edge.web.program import Program
from tests.edge.web.workspace import key


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return program_in(tmp_path, WAREHOUSE)


def prices(program: Program) -> list[tuple[int, int]]:
    with sqlite3.connect(program.workspace.folder / "out.db") as database:
        return database.execute("SELECT id, price FROM prices ORDER BY id").fetchall()


@pytest.mark.promise("P2.8")
@pytest.mark.promise("P2.9")
def test_the_first_sync_and_later_ones_of_files_handed_over(tmp_path: Path) -> None:
    program, server = program_in(tmp_path, WAREHOUSE + "allow_private_urls: true\n"), Server()
    server.answers["/a.csv"] = b"id,price\n1,10\n2,20\n"
    made = program.post("/connections", FILES)
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/connections/shop")
    run = program.start({"source_files": [{"url": server.url("/a.csv")}]}, "shop")
    assert (run["status"], prices(program)) == ("succeeded", [(1, 10), (2, 20)])
    server.answers["/a.csv"] = b"id,price\n1,11\n2,20\n3,30\n"
    again = program.start({"source_files": [server.url("/a.csv")]}, "shop")
    assert (again["models"][0]["counts"]["updated"], prices(program)) == (1, [(1, 11), (2, 20), (3, 30)])
    assert "4f1d0a" not in str(program.get("/runs").json()) + str(run) + str(again)
    assert len(program.get("/runs?connection=shop").json()["items"]) == 2


def test_private_addresses_are_not_asked_for_files(program: Program) -> None:
    server = Server()
    program.post("/connections", FILES)
    for url in (server.url("/a.csv"), server.url("/a.csv").replace("127.0.0.1", "localhost"), "http://[::1]/a.csv"):
        run = program.start({"source_files": [url]}, "shop")
        assert (run["status"], "not a public address" in run["infos"]["error"]) == ("failed", True)
    assert server.asked == []


def test_what_is_made_is_a_file_that_a_person_could_have_written(program: Program) -> None:
    made = program.post("/connections", FILES)
    file = program.workspace.folder / "connections/shop.yaml"
    assert file.read_text().startswith(FIRST)
    assert Workspace.open(program.workspace.folder).connection("shop").models[0].key == ("id",)
    assert program.get("/connections/shop/settings").json() == FILES
    assert program.get("/connections/shop").headers["etag"] == made.headers["etag"]
    assert program.get("/connections/shop").json()["editable"] is True
    assert program.post("/connections", FILES).status_code == 409
    assert program.post("/connections", FILES | {"connection": "SHOP"}).status_code == 409


def test_nobody_overwrites_the_change_of_another(program: Program) -> None:
    seen = program.post("/connections", FILES).headers["etag"]
    changed = FILES | {"features": ["full"]}
    put = program.client.put
    way = "/api/v1/connections/shop"
    assert put(way, json=changed).status_code == 428
    first = put(way, json=changed, headers={"If-Match": seen})
    assert (first.status_code, first.json()["features"]) == (200, ["full"])
    assert put(way, json=FILES, headers={"If-Match": seen}).status_code == 412
    assert program.client.delete(way, headers={"If-Match": seen}).status_code == 412
    assert program.get("/connections/shop").json()["features"] == ["full"]
    assert put(way, json=changed | {"connection": "other"}, headers={"If-Match": seen}).status_code == 422
    assert program.client.delete(way, headers={"If-Match": first.headers["etag"]}).status_code == 204
    assert program.get("/connections/shop").status_code == 404
    assert not (program.workspace.folder / "connections/shop.yaml").exists()


def test_a_state_is_named_as_http_has_it(program: Program) -> None:
    seen = program.post("/connections", FILES).headers["etag"]
    way, put = "/api/v1/connections/shop", program.client.put
    for known in (f'"older", {seen}', f"W/{seen}", "*", seen.strip('"')):
        assert put(way, json=FILES, headers={"If-Match": known}).status_code == 200, known
    assert put(way, json=FILES, headers={"If-Match": '"older", "oldest"'}).status_code == 412
    for known in (seen, f'"older", W/{seen}', "*"):
        answer = program.get("/connections/shop/settings", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", seen), known
    assert program.get("/connections/shop/settings", headers={"If-None-Match": '"older"'}).json() == FILES


def test_what_people_have_written_is_theirs(tmp_path: Path) -> None:
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
    program = program_in(tmp_path / "closed", WAREHOUSE)
    etag = program.get("/connections/example").headers["etag"]
    way, headers = "/api/v1/connections/example", {"If-Match": etag}
    assert program.get("/connections/example").json()["editable"] is False
    assert program.get("/connections/example/settings").status_code == 403
    assert program.client.put(way, json=FILES | {"connection": "example"}, headers=headers).status_code == 403
    assert program.client.delete(way, headers=headers).status_code == 403
    allowed = program_in(tmp_path / "open", WAREHOUSE + "api: {edit: true}\n")
    assert allowed.client.put(way, json=FILES | {"connection": "example"}, headers=headers).status_code == 200


def test_a_secret_is_written_to_a_file_of_its_own_and_shown_to_nobody(program: Program) -> None:
    url = "postgresql://me:hunter2@8.8.8.8/shop"
    given = FILES | {"source": {"kind": "sql", "url": {"secret": url}}}
    made = program.post("/connections", given)
    assert made.status_code == 201, made.text
    assert program.workspace.connections["shop"].source.url.reveal() == url
    shown = program.get("/connections/shop/settings")
    assert shown.json()["source"] == {"kind": "sql", "url": {"secret": None}}
    assert "hunter2" not in (program.workspace.folder / "connections/shop.yaml").read_text() + made.text + shown.text
    (file,) = list(program.workspace.own.glob("secrets/shop/*/*"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = program.client.put(
        "/api/v1/connections/shop", json=shown.json(), headers={"If-Match": shown.headers["etag"]}
    )
    assert kept.status_code == 200, kept.text
    assert program.workspace.connections["shop"].source.url.reveal() == url
    assert len(list(program.workspace.own.glob("secrets/shop/*/*"))) == 1
    other = FILES | {"connection": "other", "source": {"kind": "sql", "url": {"secret": None}}}
    assert "no secret is kept" in program.post("/connections", other).text


def test_a_connection_is_checked_without_changing_anything(program: Program) -> None:
    found = program.post("/connections/example/check").json()
    assert (found["ok"], found["findings"][0]["model"], found["findings"][0]["columns"]) == (True, "BOOKS", 4)
    program.shop("DROP TABLE book")
    found = program.post("/connections/example/check").json()
    assert (found["ok"], "book" in found["findings"][0]["problem"]) == (False, True)


def test_two_models_on_one_table_are_refused_before_the_file_is_there(program: Program) -> None:
    program.post("/connections", FILES)
    answer = program.post("/connections", FILES | {"connection": "second"})
    assert answer.status_code == 422
    assert not (program.workspace.folder / "connections/second.yaml").exists()


def test_only_admins_of_the_workspaces_company_make_connections(program: Program) -> None:
    client = TestClient(program.app, "http://127.0.0.1", raise_server_exceptions=False)
    lesser = key(program.workspace, Scope.RUNS_WRITE, Scope.SYNC_READ)
    others = key(program.workspace, *Scope, tenant="acme", role=Role.COMPANY_ADMIN)
    for headers in (lesser, others):
        assert client.post("/api/v1/connections", json=FILES, headers=headers).status_code == 403
    assert not (program.workspace.folder / "connections/shop.yaml").exists()


def test_a_connection_is_not_removed_under_a_run(program: Program) -> None:
    etag = program.post("/connections", FILES).headers["etag"]
    run = program.workspace.store.open_run("shop", Request())
    answer = program.client.delete("/api/v1/connections/shop", headers={"If-Match": etag})
    assert (answer.status_code, answer.json()["run"]) == (409, run.id)


def test_a_connection_that_cannot_be_used_any_more_can_be_mended_or_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_WORD", "hunter2")
    program = program_in(tmp_path, WAREHOUSE + "api: {env: SHOP_WORD}\n")
    assert program.post("/connections", FILES | {"source": SQL}).status_code == 201
    monkeypatch.delenv("SHOP_WORD")
    program.workspace.reread()
    assert program.get("/connections/shop").status_code == 404
    shown = program.get("/connections/shop/settings")
    assert shown.json()["source"] == SQL
    headers = {"If-Match": shown.headers["etag"]}
    mended = program.client.put("/api/v1/connections/shop", json=FILES, headers=headers)
    assert (mended.status_code, program.get("/connections/shop").status_code) == (200, 200)


@pytest.mark.parametrize(
    "content", ["a: [", "- 1", "\x00", "a: 2026-99-99", "{1: {[]: 2}}", "a: !!python/object:os.system x"]
)
def test_what_a_person_has_broken_by_hand_is_shown_as_nothing_and_can_be_replaced(
    program: Program, content: str
) -> None:
    program.post("/connections", FILES)
    (program.workspace.folder / "connections/shop.yaml").write_text(FIRST + content)
    program.workspace.reread()
    shown = program.get("/connections/shop/settings")
    assert shown.status_code == 200, shown.text
    headers = {"If-Match": shown.headers["etag"]}
    assert program.client.put("/api/v1/connections/shop", json=FILES, headers=headers).status_code == 200


def test_of_many_who_make_or_change_a_connection_at_once_one_does(program: Program) -> None:
    def made(number: int) -> int:
        return program.post("/connections", FILES | {"features": [["full"], ["incremental"]][number % 2]}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(made, range(8))) == [201, *[409] * 7]
    seen = program.get("/connections/shop").headers["etag"]

    def changed(number: int) -> tuple[int, str]:
        given = FILES | {"models": {"PRICES": PRICES | {"priority": number}}}
        answer = program.client.put("/api/v1/connections/shop", json=given, headers={"If-Match": seen})
        return answer.status_code, answer.headers.get("etag", "")

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(changed, range(8)))
    assert [status for status, _ in answers] == [200, *[412] * 7]
    assert program.get("/connections/shop").headers["etag"] == answers[0][1]


def test_a_connection_that_another_process_has_made_is_there_at_once(program: Program) -> None:
    assert program.get("/connections/shop").status_code == 404
    other = Program(create(Workspace.open(program.workspace.folder)), program.workspace)
    etag = other.post("/connections", FILES).headers["etag"]
    assert program.get("/connections/shop").headers["etag"] == etag
    assert other.client.delete("/api/v1/connections/shop", headers={"If-Match": etag}).status_code == 204
    assert program.get("/connections/shop").status_code == 404
