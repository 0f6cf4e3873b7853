"""Published files from a real server: strange addresses, huge files, and readers who poll while others publish."""

import hashlib
import http.client
import json
import os
import re
import resource
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from syncline.web.application import create
from syncline.web.link import path, way
from tests.edge.web.real import serving
from tests.edge.web.shelf import BOOKS, TEXT, Shelf, shelf_in
from tests.edge.web.workspace import key

HUGE = 400 << 20
OUTSIDE = [
    "../../../../../../syncline.yaml",
    "..%2f..%2f..%2fsyncline.yaml",
    "%2e%2e/%2e%2e/latest.csv",
    "versions/../latest.csv",
    "versions/..%2flatest.csv",
    "versions/..%5clatest.csv",
    "versions/%2e%2e%2flatest.csv",
    "versions/%252e%252e%252flatest.csv",
    "versions//001.csv",
    "/latest.csv",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "versions/.about.csv",
    ".about/versions/001.csv.json",
    "versions/001.csv/",
    "versions/001.csv%0d%0aX-Evil:%20yes",
    "latest.csv%0d%0aX-Evil:%20yes",
    "versions/001%0a.csv",
    "versions/%D9%A0%D9%A0%D9%A1.csv",
    "versions/001.json",
    "versions/001.csv%00",
    "versions/",
    "latest.CSV",
    "latest.csv%20",
    "",
    "versions/" + "9" * 5000 + ".csv",
    "versions/" + "9" * 245 + ".csv",
    "%F0%9F%90%88",
    "%ED%A0%80",
    "%ff%fe",
]
BEGINNINGS = [
    BOOKS,
    "/files/shop/example/..",
    "/files/shop/..%2fexample/BOOKS",
    "/files/%2e%2e/example/BOOKS",
    "/files/shop%0d%0aX-Evil:%20yes/example/BOOKS",
    f"/files/{'x' * 3000}/example/BOOKS",
]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """One whose files are for anybody."""
    made = shelf_in(tmp_path, "{format: csv, access: public, keep: 1}")
    made.publish("001", TEXT)
    return made


@pytest.fixture
def address(shelf: Shelf) -> Iterator[str]:
    with serving(create(shelf.workspace)) as found:
        yield found


def raw(address: str, target: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    """What a server answers to an address that nobody has tidied up."""
    line = http.client.HTTPConnection(address.removeprefix("http://"))
    line.putrequest("GET", "/", skip_host=True)
    line._buffer[0] = f"GET {target} HTTP/1.1".encode()  # type: ignore[attr-defined]
    for name, value in {"Host": "127.0.0.1", "Connection": "close", **headers}.items():
        line.putheader(name, value)
    line.endheaders()
    return line.getresponse()


def test_nothing_but_files_that_were_published_is_ever_served(shelf: Shelf, address: str) -> None:
    (shelf.workspace.storage.root / "files" / "shop" / "example" / "secret.csv").write_bytes(b"s3same")
    for headers in ({}, key(shelf.workspace)):
        assert raw(address, f"{BOOKS}/latest.csv", headers).status == 200
        for begin in BEGINNINGS:
            for end in [*OUTSIDE, "%2e%2e%2fsecret.csv", "../secret.csv"]:
                answer = raw(address, f"{begin}/{end}", headers)
                content = answer.read()
                assert answer.status in ({400, 404} if headers else {400, 401, 404}), (begin, end)
                assert answer.getheader("x-evil") is None
                assert b"s3same" not in content
                assert TEXT not in content


def test_what_others_noted_with_a_file_gets_into_no_header(shelf: Shelf, address: str) -> None:
    note = Path(shelf.feed.place.address(".about/versions/001.csv.json"))
    for noted in ("text/html\r\nX-Evil: yes", "text/csv; charset=utf-8\n", "é", "text/html, x", ""):
        note.write_text(json.dumps({"Content-Type": noted, "Content-Disposition": "inline", "X-Evil": "yes"}))
        answer = httpx.get(f"{address}{BOOKS}/latest.csv")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "x-evil" not in answer.headers


def test_versions_of_models_with_strange_names_have_addresses(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path, "{format: csv, name: Tür.1, access: public}", model="Bücher.v2")
    version = shelf.add("Emma")
    end = way(shelf.feed, shelf.feed.file(version))
    assert "%" in end
    with serving(create(shelf.workspace)) as address:
        answer = httpx.get(address + path("shop", "example", "Bücher.v2", end))
    assert (answer.status_code, b"Emma" in answer.content) == (200, True)


def test_a_huge_file_takes_little_memory_also_where_it_is_read_slowly(shelf: Shelf, address: str) -> None:
    version = Path(shelf.feed.place.address(shelf.feed.file("001")))
    os.truncate(version, HUGE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as slow:
        slow.sendall(f"GET {BOOKS}/latest.csv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert slow.recv(12) == b"HTTP/1.1 200"
        with httpx.stream("GET", f"{address}{BOOKS}/latest.csv") as answer:
            assert sum(map(len, answer.iter_raw())) == HUGE
    part = httpx.get(f"{address}{BOOKS}/latest.csv", headers={"Range": f"bytes={HUGE - 5}-"})
    assert part.content == bytes(5)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


def test_a_file_that_is_removed_while_it_is_read_is_read_to_its_end(shelf: Shelf, address: str) -> None:
    version = Path(shelf.feed.place.address(shelf.feed.file("001")))
    os.truncate(version, HUGE)
    with httpx.stream("GET", f"{address}{BOOKS}/latest.csv") as answer:
        pieces = answer.iter_raw()
        size = len(next(pieces))
        shelf.publish("002", b"new")
        assert shelf.feed.prune() == ["001"]
        assert size + sum(map(len, pieces)) == HUGE
    assert httpx.get(f"{address}{BOOKS}/latest.csv").content == b"new"
    assert httpx.get(f"{address}{BOOKS}/versions/001.csv").status_code == 404


def size(number: int) -> int:
    """How many lines a version has: often as many as another one."""
    return 5000 * (1 + number % 3)


@pytest.mark.promise("P6.10")
def test_who_polls_latest_while_versions_are_published_sees_whole_files_with_their_tags(
    shelf: Shelf, address: str
) -> None:
    done, answered, seen = threading.Event(), threading.Event(), dict[str, str]()

    def poll() -> list[int]:
        numbers = []
        with httpx.Client() as client:
            while not done.is_set():
                answer = client.get(f"{address}{BOOKS}/latest.csv")
                assert (answer.status_code, int(answer.headers["content-length"])) == (200, len(answer.content))
                number, lines = answer.content[:3], answer.content.split(b"\n")
                if number != TEXT[:3]:
                    assert set(lines) == {number}, "two versions in one answer"
                    assert len(lines) == size(int(number))
                    numbers.append(int(number))
                digest = hashlib.sha256(answer.content).hexdigest()
                assert seen.setdefault(answer.headers["etag"], digest) == digest
                answered.set()
        return numbers

    with ThreadPoolExecutor(3) as pool:
        polls = [pool.submit(poll) for _ in range(3)]
        for number in range(100, 300):
            shelf.publish(f"{number}", b"\n".join([b"%d" % number] * size(number)))
            shelf.feed.prune()
            for _ in range(2 if number % 5 == 0 else 0):  # the second answer was asked for after this version
                answered.clear()
                answered.wait(20)
        done.set()
        for numbers in (one.result() for one in polls):
            assert numbers == sorted(numbers)
    assert len(seen) > 20


def test_the_tags_of_the_versions_and_of_latest_are_alike(shelf: Shelf, address: str) -> None:
    tags = {httpx.head(f"{address}{BOOKS}/{end}").headers["etag"] for end in ("latest.csv", "versions/001.csv")}
    (tag,) = tags
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
