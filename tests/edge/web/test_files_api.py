"""The versions of published files, going back, and links: by the API and on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from syncline.people import Role, Scope
from tests.edge.shop import Call
from tests.edge.web.shelf import BOOKS, Shelf, shelf_in
from tests.edge.web.workspace import key

FILES = "/api/v1/connections/example/models/BOOKS/files"
TWO = "[{format: csv, delta: true, access: signed}, {format: jsonl, name: lines}]"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """One with two versions of two files."""
    made = shelf_in(tmp_path, TWO)
    made.add()
    made.add("Emma")
    return made


@pytest.fixture
def reader(shelf: Shelf) -> TestClient:
    return shelf.reader()


def titles(client: TestClient, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return [line.split(",")[1] for line in answer.text.splitlines()[1:]]


def test_versions_are_listed_newest_first_with_where_they_are_fetched(shelf: Shelf, reader: TestClient) -> None:
    told = reader.get(FILES).json()
    assert [(one["file"], one["rows"], one["isLatest"]) for one in told["items"] if one["file"] == "BOOKS.csv"] == [
        ("BOOKS.csv", 4, True),
        ("BOOKS.csv", 3, False),
    ]
    for one in told["items"]:
        answer = reader.get(one["url"])
        assert (answer.status_code, int(answer.headers["content-length"])) == (200, one["size"])
        assert one["publishedAt"].endswith("Z")
        assert (one["deltaUrl"] is not None) == (one["file"] == "BOOKS.csv")
    assert "insert,4,Emma" in reader.get(told["items"][1]["deltaUrl"] or told["items"][0]["deltaUrl"]).text
    csv, lines = told["files"]
    assert (csv["url"], csv["access"], csv["latest"]) == (f"{BOOKS}/latest.csv", "signed", shelf.feed.latest())
    assert (lines["file"], lines["mediaType"]) == ("lines.jsonl", "application/x-ndjson")
    assert reader.get(lines["url"]).status_code == 200


def test_versions_come_page_by_page(reader: TestClient) -> None:
    whole, seen = reader.get(FILES).json()["items"], []
    after: dict[str, Any] = {}
    while True:
        page = reader.get(FILES, params={"limit": 3, **after}).json()
        seen += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == whole


def test_where_downloads_are_not_enabled_nothing_is_linked(tmp_path: Path) -> None:
    """P1.20."""
    shelf = shelf_in(tmp_path, allowed="")
    shelf.add()
    reader = shelf.reader()
    told = reader.get(FILES).json()
    assert [one["url"] for one in told["items"] + told["files"]] == [None, None]
    answer = reader.post(f"{FILES}/links", json={})
    assert (answer.status_code, "file_download_latest" in answer.json()["hint"]) == (422, True)


def test_the_files_of_a_run_are_linked(shelf: Shelf, reader: TestClient) -> None:
    """P1.18."""
    run = shelf.workspace.store.runs("example")[0]
    csv, lines = reader.get(f"/api/v1/runs/{run.id}/files").json()["items"]
    assert titles(reader, csv["url"])[-1] == "Emma"
    assert "Emma" in reader.get(lines["url"]).text


def test_one_goes_back_to_a_version_by_the_api(shelf: Shelf, reader: TestClient) -> None:
    """P6.10."""
    oldest = shelf.feed.versions()[0]
    before = reader.get(f"{BOOKS}/latest.csv").headers
    (done,) = reader.post(f"{FILES}/rollback", json={"version": oldest, "file": "BOOKS.csv"}).json()["items"]
    assert done["latest"] == shelf.feed.latest() > oldest
    after = reader.get(f"{BOOKS}/latest.csv", headers={"If-None-Match": before["etag"]})
    assert (after.status_code, "Emma" in after.text) == (200, False)
    assert "Emma" in reader.get(f"{BOOKS}/lines/latest.jsonl").text
    assert shelf.workspace.people().notes()[0].action == "file rolled back"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "7"}, "version"),
        ({"version": "../../x"}, "version"),
        ({"version": "9" * 240}, "version"),
        ({"version": "\ud800"}, "version"),
        ({}, "version"),
        ({"version": "7", "file": "other.csv"}, "file"),
        ({"version": "7", "more": 1}, "more"),
    ],
)
def test_a_version_that_cannot_be_gone_back_to_is_told(
    shelf: Shelf, reader: TestClient, body: dict[str, Any], field: str
) -> None:
    latest = shelf.feed.latest()
    answer = reader.post(f"{FILES}/rollback", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert shelf.feed.latest() == latest


def test_a_link_is_made_for_who_has_no_key(shelf: Shelf, reader: TestClient) -> None:
    stranger = shelf.client()
    csv, lines = reader.post(f"{FILES}/links", json={"expires_in": 60}).json()["items"]
    assert csv["url"].startswith(f"http://127.0.0.1{BOOKS}/latest.csv?expires=")
    assert "Emma" in stranger.get(csv["url"]).text
    assert (lines["access"], lines["expiresAt"], stranger.get(lines["url"]).status_code) == ("key", None, 401)
    oldest = shelf.feed.versions()[0]
    made = reader.post(f"{FILES}/links", json={"version": oldest, "file": "BOOKS.csv"})
    assert made.status_code == 201
    assert titles(stranger, made.json()["items"][0]["url"])[-1] != "Emma"
    for wrong in ({"version": "7"}, {"file": "x"}, {"expires_in": 1}, {"expires_in": 10**12}, {"expires_in": "soon"}):
        assert reader.post(f"{FILES}/links", json=wrong).status_code == 422, wrong
    assert shelf.workspace.people().notes()[0].action == "link to a file made"


def test_who_may_only_look_goes_not_back_and_makes_no_links(shelf: Shelf) -> None:
    client, oldest = shelf.client(), shelf.feed.versions()[0]
    looks, runs = key(shelf.workspace, Scope.SYNC_READ), key(shelf.workspace, Scope.RUNS_WRITE)
    theirs = key(shelf.workspace, tenant="acme", role=Role.COMPANY_ADMIN)
    for end, body in (("rollback", {"version": oldest}), ("links", {})):
        for headers, status in ((looks, 403), (theirs, 404), (runs, 200 if end == "rollback" else 201)):
            assert client.post(f"{FILES}/{end}", json=body, headers=headers).status_code == status
    assert client.get(FILES, headers=theirs).status_code == 404
    assert client.get(FILES.replace("BOOKS", "NONE"), headers=looks).status_code == 404


def test_a_link_is_made_on_the_command_line(tmp_path: Path, call: Call) -> None:
    root = "https://sync.example.com"
    shelf = shelf_in(tmp_path, TWO, settings=f"web: {{address: {root}}}\n")
    version = shelf.add("Emma")
    link = ("--workspace", str(tmp_path), "files", "link", "example", "BOOKS")
    done = call(*link, "--file", "BOOKS.csv")
    assert done.out.startswith(f"{root}{BOOKS}/latest.csv?expires=")
    assert "until" in done.err
    assert titles(shelf.client(), done.out.strip().removeprefix(root))[-1] == "Emma"
    csv, lines = call(*link, "--version", version, "--json").json
    assert titles(shelf.client(), csv["url"].removeprefix(root))[-1] == "Emma"
    assert (lines["access"], lines["expires_at"], "signature" in lines["url"]) == ("key", None, False)
    for wrong in (["--version", "7"], ["--file", "x"], ["--expires", "0"]):
        assert call(*link, *wrong).code == 2
