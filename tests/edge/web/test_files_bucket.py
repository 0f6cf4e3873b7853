"""Published files that lie in object storage, fetched from the service or from where they lie."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from syncline.web.application import create
from tests.contracts import s3
from tests.edge.web.real import serving
from tests.edge.web.shelf import BOOKS, Shelf, shelf_in

LARGE = bytes(range(256)) * 40_000
"""More than two pieces."""


@pytest.fixture(scope="module", params=["moto", "rclone"])
def endpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    started = s3.moto() if request.param == "moto" else s3.rclone(tmp_path_factory.mktemp("s3"))
    with started as found:
        yield found


def in_bucket(folder: Path, endpoint: str, more: str = "") -> Shelf:
    where = f"url: 's3://{s3.BUCKET}/{uuid4().hex}/{{model}}', key: {s3.KEY}, secret: {s3.SECRET}, region: us-east-1"
    to = f"{{{where}, endpoint: '{endpoint}'{more}}}"
    made = shelf_in(folder, f"{{format: csv, access: public, to: {to}}}")
    made.publish("001", LARGE)
    return made


def test_files_in_object_storage_come_through_the_service_whole_and_in_part(tmp_path: Path, endpoint: str) -> None:
    shelf = in_bucket(tmp_path, endpoint)
    with serving(create(shelf.workspace)) as address, httpx.Client(base_url=address) as client:
        whole = client.get(f"{BOOKS}/latest.csv")
        assert (whole.status_code, int(whole.headers["content-length"])) == (200, len(LARGE))
        assert whole.content == LARGE
        assert whole.headers["content-type"] == "text/csv; charset=utf-8"
        tag = whole.headers["etag"]
        part = client.get(f"{BOOKS}/versions/001.csv", headers={"Range": "bytes=5000000-9999999", "If-Range": tag})
        assert (part.status_code, part.content == LARGE[5_000_000:10_000_000]) == (206, True)
        assert client.get(f"{BOOKS}/latest.csv", headers={"If-None-Match": tag}).status_code == 304
        assert client.head(f"{BOOKS}/latest.csv").headers["content-length"] == str(len(LARGE))
        shelf.publish("002", b"new")
        again = client.get(f"{BOOKS}/latest.csv", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (200, b"new")
        assert client.get(f"{BOOKS}/versions/003.csv").status_code == 404


def test_who_fetches_a_file_is_sent_on_to_the_bucket_where_one_wants_that(tmp_path: Path, endpoint: str) -> None:
    shelf = in_bucket(tmp_path, endpoint, ", redirect: yes")
    with serving(create(shelf.workspace)) as address, httpx.Client(base_url=address) as client:
        sent = client.get(f"{BOOKS}/latest.csv")
        assert (sent.status_code, sent.headers["cache-control"]) == (307, "no-store")
        assert sent.headers["location"].startswith(f"{endpoint}/{s3.BUCKET}/")
        assert s3.SECRET not in sent.headers["location"]
        assert httpx.get(sent.headers["location"]).content == LARGE
        head = client.head(f"{BOOKS}/latest.csv")
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(LARGE)))
        known = client.get(f"{BOOKS}/latest.csv", headers={"If-None-Match": head.headers["etag"]})
        assert known.status_code == 304


def test_object_storage_that_is_away_is_told_without_where_it_is(tmp_path: Path) -> None:
    with s3.rclone(tmp_path / "s3") as endpoint:
        shelf = in_bucket(tmp_path / "shop", endpoint)
    answer = shelf.client().get(f"{BOOKS}/latest.csv")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the file cannot be reached now")
    assert s3.BUCKET + "/" not in answer.text
