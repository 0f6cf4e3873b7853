"""Published files by HTTP: who gets which of them, whole, in part, or not at all."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from syncline.web.link import published
from tests.edge.web.shelf import BOOKS, TEXT, Shelf, shelf_in


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """One whose latest.csv has ten bytes."""
    made = shelf_in(tmp_path)
    made.publish("001", TEXT)
    return made


@pytest.fixture
def reader(shelf: Shelf) -> TestClient:
    return shelf.reader()


def test_every_run_that_made_a_file_lets_one_download_that_very_file(tmp_path: Path) -> None:
    """P1.18."""
    shelf = shelf_in(tmp_path, "[{format: csv}, {format: jsonl, name: lines, keep: 1}]")
    reader = shelf.reader()
    shelf.add()
    first = shelf.feed.place.address(shelf.feed.file(shelf.feed.latest()))
    content = Path(first).read_bytes()
    shelf.add("Emma")
    runs = shelf.workspace.store.runs("example")
    made = [
        [published(shelf.workspace, shelf.connection, "BOOKS", file) for file in run.models[0].files] for run in runs
    ]
    assert reader.get(made[1][0]).content == content
    assert b"Emma" in reader.get(made[0][0]).content
    assert b"Emma" in reader.get(made[0][1]).content
    assert made[1][1] == "", "retention keeps one"
    assert published(shelf.workspace, shelf.connection, "BOOKS", "elsewhere/versions/1.csv") == ""


def test_one_constant_address_always_serves_the_newest_whole_file(shelf: Shelf, reader: TestClient) -> None:
    """P1.19."""
    for version in ("002", "003"):
        shelf.publish(version, version.encode())
        assert reader.get(f"{BOOKS}/latest.csv").content == version.encode()


@pytest.mark.parametrize(
    ("allowed", "latest", "version"),
    [
        ("", 404, 404),
        ("features: [full, file_download]", 404, 200),
        ("features: [full, file_download_latest]", 200, 404),
    ],
)
def test_nothing_can_be_downloaded_unless_it_is_enabled(
    tmp_path: Path, allowed: str, latest: int, version: int
) -> None:
    """P1.20."""
    for access in ("public", "key", "signed"):
        shelf = shelf_in(tmp_path / access, f"{{format: csv, access: {access}}}", allowed=allowed)
        shelf.publish("001", TEXT)
        reader = shelf.reader()
        assert reader.get(f"{BOOKS}/latest.csv").status_code == latest
        assert reader.get(f"{BOOKS}/versions/001.csv").status_code == version
        assert reader.get(f"{BOOKS}/deltas/001.csv").status_code == 404


FORMATS = [
    ("{format: csv}", "latest.csv", "text/csv; charset=utf-8"),
    ("{format: csv, encoding: latin-1}", "latest.csv", "text/csv; charset=latin-1"),
    ("{format: csv, name: Bücher, compression: gzip}", "Bücher/latest.csv.gz", "application/gzip"),
    ("{format: parquet}", "latest.parquet", "application/vnd.apache.parquet"),
    ("{format: xml}", "latest.xml", "application/xml"),
]


@pytest.mark.parametrize(("publish", "end", "kind"), FORMATS, ids=[one[0] for one in FORMATS])
def test_content_type_length_and_name_of_a_download_are_right(
    tmp_path: Path, publish: str, end: str, kind: str
) -> None:
    """P1.21."""
    shelf = shelf_in(tmp_path, publish)
    shelf.add()
    answer, head = (shelf.reader().request(method, f"{BOOKS}/{quote(end)}") for method in ("GET", "HEAD"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert int(answer.headers["content-length"]) == len(answer.content) > 0
    name = quote(shelf.feed.name)
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert "content-encoding" not in answer.headers
    assert (head.content, dict(head.headers)) == (b"", dict(answer.headers))


def test_who_has_a_file_already_is_told_so(shelf: Shelf, reader: TestClient) -> None:
    answer = reader.get(f"{BOOKS}/latest.csv")
    tag, modified = answer.headers["etag"], answer.headers["last-modified"]
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    for known in (
        {"If-None-Match": tag},
        {"If-None-Match": f'"x", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": modified},
        {"If-Modified-Since": later},
        {"If-None-Match": tag, "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        for method in ("GET", "HEAD"):
            again = reader.request(method, f"{BOOKS}/latest.csv", headers=known)
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), known
            assert "content-length" not in again.headers
    for other in (
        {"If-None-Match": '"x"'},
        {"If-None-Match": '"x"', "If-Modified-Since": later},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If-Modified-Since": "soon"},
    ):
        assert reader.get(f"{BOOKS}/latest.csv", headers=other).content == TEXT, other
    shelf.publish("002", TEXT)
    assert reader.get(f"{BOOKS}/latest.csv", headers={"If-None-Match": tag}).status_code == 200
    assert reader.get(f"{BOOKS}/versions/001.csv", headers={"If-None-Match": tag}).status_code == 304
    assert parsedate_to_datetime(modified) <= datetime.now(UTC)


def test_who_wants_one_very_version_is_told_if_it_is_another(reader: TestClient) -> None:
    whole = reader.get(f"{BOOKS}/latest.csv").headers
    for holds in ({"If-Match": whole["etag"]}, {"If-Match": "*"}, {"If-Unmodified-Since": whole["last-modified"]}):
        assert reader.get(f"{BOOKS}/latest.csv", headers=holds).status_code == 200
    for fails in (
        {"If-Match": '"x"'},
        {"If-Match": f"W/{whole['etag']}"},
        {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        answer = reader.get(f"{BOOKS}/latest.csv", headers=fails)
        assert (answer.status_code, answer.headers["etag"]) == (412, whole["etag"])


PARTS = [
    ("bytes=0-3", b"0123", "0-3"),
    ("bytes=4-", b"456789", "4-9"),
    ("bytes=-3", b"789", "7-9"),
    ("bytes=9-9", b"9", "9-9"),
    ("bytes=5-99999", b"56789", "5-9"),
    ("bytes=-99", TEXT, "0-9"),
]
NO_PARTS = [
    "bytes=3-2",
    "bytes=-",
    "bytes=a-b",
    "lines=0-1",
    "bytes=0-1,3-4",
    "",
    "bytes",
    f"bytes={'9' * 5000}-",
    "bytes=٣-",
]


def test_a_part_can_be_had(reader: TestClient) -> None:
    for wanted, content, place in PARTS:
        part, head = (
            reader.request(method, f"{BOOKS}/latest.csv", headers={"Range": wanted}) for method in ("GET", "HEAD")
        )
        assert (part.status_code, part.content) == (206, content)
        assert (part.headers["content-range"], part.headers["content-length"]) == (
            f"bytes {place}/10",
            str(len(content)),
        )
        assert (head.status_code, head.content) == (206, b"")
    for wanted in NO_PARTS:
        headers = {"Range": wanted.encode()}
        assert reader.get(f"{BOOKS}/latest.csv", headers=headers).content == TEXT, wanted
    for wanted in ("bytes=10-", "bytes=99-100", "bytes=-0"):
        answer = reader.get(f"{BOOKS}/latest.csv", headers={"Range": wanted})
        assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10"), wanted


def test_a_part_is_one_of_the_very_content_one_has_the_rest_of(shelf: Shelf, reader: TestClient) -> None:
    whole = reader.get(f"{BOOKS}/latest.csv").headers
    wanted = {"Range": "bytes=5-"}
    for same in (whole["etag"], whole["last-modified"]):
        assert reader.get(f"{BOOKS}/latest.csv", headers=wanted | {"If-Range": same}).status_code == 206
    for other in ('"x"', f"W/{whole['etag']}", "Thu, 01 Jan 1970 00:00:00 GMT", "x"):
        assert reader.get(f"{BOOKS}/latest.csv", headers=wanted | {"If-Range": other}).content == TEXT
    shelf.publish("002", b"abcdefghij")
    answer = reader.get(f"{BOOKS}/latest.csv", headers=wanted | {"If-Range": whole["etag"]})
    assert (answer.status_code, answer.content) == (200, b"abcdefghij")


def test_an_empty_file_is_a_file(shelf: Shelf, reader: TestClient) -> None:
    shelf.publish("002", b"")
    answer = reader.get(f"{BOOKS}/latest.csv")
    assert (answer.status_code, answer.headers["content-length"]) == (200, "0")
    assert reader.get(f"{BOOKS}/latest.csv", headers={"Range": "bytes=0-"}).status_code == 416
