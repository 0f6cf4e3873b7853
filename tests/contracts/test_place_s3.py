"""Object storage is a place for published files: on a server that heeds conditions, and on one that does not."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, BinaryIO
from uuid import uuid4

import httpx
import pytest
from obstore import sign

from syncline import ConfigError, Secret, TransientError
from syncline.publication import Address
from syncline.publication.bucket import Bucket
from syncline.publication.place import Place
from syncline.testing.place import LINK, PlaceContract, content, put, version
from tests.contracts import s3


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with s3.moto() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3.rclone(tmp_path_factory.mktemp("rclone")) as endpoint:
        yield endpoint


def address(endpoint: str) -> Address:
    return Address(f"s3://{s3.BUCKET}/Ünï cödé/{uuid4().hex}", s3.KEY, Secret(s3.SECRET), endpoint, "us-east-1")


class TestMoto(PlaceContract):
    @pytest.fixture
    def place(self, moto: str) -> Place:
        return Bucket(address(moto))


class TestRclone(PlaceContract):
    heeds_conditions = False

    @pytest.fixture
    def place(self, rclone: str) -> Place:
        return Bucket(address(rclone))


@dataclass(frozen=True)
class Late(Bucket):
    """A worker that has looked at what is there, and sleeps before it writes; meanwhile something happens."""

    meanwhile: Callable[[], None] = lambda: None

    def _put(self, content: BinaryIO, name: str, about: Mapping[str, str], mode: Any) -> None:
        self.meanwhile()
        super()._put(content, name, about, mode)


@pytest.mark.parametrize("first", [(), (0,)], ids=["the first file", "a later one"])
def test_a_worker_that_wakes_with_an_older_file_does_not_put_it_under_latest(moto: str, first: tuple[int, ...]) -> None:
    place = Bucket(address(moto))
    for number in range(3):
        put(place, version(number), b"%d" % number)
    for number in first:
        place.forward(LINK, version(number))
    Late(place.url, lambda: place.forward(LINK, version(2))).forward(LINK, version(1))
    assert (place.shown(LINK), content(place, LINK)) == (version(2), b"2")


def test_a_server_says_what_kind_of_file_it_is_and_that_latest_must_be_asked_for(moto: str) -> None:
    """P1.21."""
    place = Bucket(address(moto))
    put(place, version(1), b"abc", **{"Content-Type": "text/csv; charset=utf-8", "Cache-Control": "immutable"})
    place.forward(LINK, version(1))
    said = [httpx.get(sign(place._store, "GET", name, timedelta(minutes=1))).headers for name in (version(1), LINK)]
    assert {one["content-type"] for one in said} == {"text/csv; charset=utf-8"}
    assert [one["cache-control"] for one in said] == ["immutable", "no-cache"]
    assert {one["content-length"] for one in said} == {"3"}


def everything(place: Bucket) -> list[Callable[[], object]]:
    return [place.check, lambda: place.files("versions"), lambda: put(place, version(1), b"abc")]


@pytest.mark.parametrize("server", ["moto", "rclone"])
def test_a_bucket_that_is_not_there_is_told(request: pytest.FixtureRequest, server: str) -> None:
    place = Bucket(replace(address(request.getfixturevalue(server)), url="s3://nowhere/a"))
    for verb in everything(place):
        with pytest.raises(ConfigError, match="there is no bucket nowhere"):
            verb()


def test_who_is_not_let_in_is_told_without_the_secret(rclone: str) -> None:
    place = Bucket(replace(address(rclone), secret=Secret("wr0ng-wr0ng")))
    for verb in everything(place):
        with pytest.raises(ConfigError, match="does not let us in") as caught:
            verb()
        assert "wr0ng" not in str(caught.value)


def test_a_server_that_cannot_be_reached_may_be_asked_again() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        place = Bucket(address(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        for verb in everything(place):
            with pytest.raises(TransientError, match="cannot be reached"):
                verb()
