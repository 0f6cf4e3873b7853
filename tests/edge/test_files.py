"""Published files on the command line: listed, gone back to, compared; places that are full, shut or away."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.contracts import s3
from tests.edge.shop import Call, configure, copied, fill, sell
from tests.edge.test_bad_machine import run_on_a_small_disk

HOME = Path(".syncline/storage/files/default/example/BOOKS")


def publish_as(shop: Path, files: str) -> None:
    configure(shop, "publish: {format: csv}", f"publish: {files}")


def versions(call: Call) -> list[str]:
    return [listed["version"] for listed in call("files", "list", "example", "--json").json]


def test_versions_are_listed_newest_first_with_the_one_that_latest_shows(shop: Path, call: Call) -> None:
    """P6.10."""
    assert "Nothing is published yet" in call("files", "list").out
    call("run")
    fill(shop, 4, 9)
    call("run", "--full")
    newest, oldest = call("files", "list", "--json").json
    assert (newest["rows"], newest["latest"], newest["file"]) == (9, True, "BOOKS.csv")
    assert (oldest["rows"], oldest["latest"], oldest["size"]) == (3, False, Path(oldest["address"]).stat().st_size)
    assert newest["version"] > oldest["version"]
    lines = call("files", "list", "example").out.splitlines()
    assert [line.endswith("*") for line in lines] == [False, True, False]
    assert len(call("files", "list", "example", "--limit", "1").out.splitlines()) == 2


def test_one_goes_back_to_a_version_until_something_newer_is_published(shop: Path, call: Call) -> None:
    """P6.10."""
    call("run")
    (oldest,) = versions(call)
    fill(shop, 4, 9)
    call("run", "--full")
    answer = call("files", "rollback", "example", "BOOKS", oldest)
    assert f"latest.csv shows {oldest} again, as version" in answer.out
    latest = shop / HOME / "latest.csv"
    for command in (["run"], ["run", "--full"], ["files", "publish", "example"]):
        assert call(*command).code == 0
        assert len(latest.read_text().splitlines()) == 4
    fill(shop, 10, 10)
    call("run", "--full")
    assert len(latest.read_text().splitlines()) == 11


def test_a_version_that_is_not_there_is_told(shop: Path, call: Call) -> None:
    call("run")
    answer = call("files", "rollback", "example", "BOOKS", "7")
    assert (answer.code, "there is no version `7` of BOOKS.csv" in answer.err) == (2, True)
    assert versions(call)[0] in answer.err


def test_what_has_changed_since_a_version_is_a_file_of_its_own(shop: Path, call: Call, tmp_path: Path) -> None:
    """P6.10."""
    publish_as(shop, "{format: csv, delta: true, columns: {id: Number, title: Title}}")
    call("run")
    sell(shop, "UPDATE book SET title = 'Changed', updated_at = '2027-01-01 00:00:00' WHERE id = 1")
    fill(shop, 4, 4)
    call("run", "--full")
    newest, oldest = versions(call)
    wanted = ["_op,Number,Title", "update,1,Changed", "insert,4,Book 4"]
    assert (shop / HOME / "deltas" / f"{newest}.csv").read_text().splitlines() == wanted
    call("files", "delta", "example", "BOOKS", "--since", oldest, "-o", str(tmp_path / "delta.csv"))
    assert (tmp_path / "delta.csv").read_text().splitlines() == wanted
    back = call("files", "delta", "example", "BOOKS", "--since", newest, "--until", oldest, "-o", str(tmp_path / "b"))
    assert (back.code, (tmp_path / "b").read_text().splitlines()[-1]) == (0, "delete,4,Book 4")


def test_without_delta_one_is_told_how_to_have_it(shop: Path, call: Call) -> None:
    call("run")
    answer = call("files", "delta", "example", "BOOKS", "--since", "1")
    assert (answer.code, "delta: true" in answer.err) == (2, True)


def test_what_does_not_pass_its_checks_is_told_with_the_way_out(shop: Path, call: Call) -> None:
    """R27."""
    publish_as(shop, "{format: csv, checks: {shrink: 10%}}")
    call("run")
    sell(shop, "DELETE FROM book WHERE id = 1")
    answer = call("run", "--full")
    assert answer.code == 3
    assert "not published: latest.csv would have 2 rows instead of 3" in answer.err
    assert "syncline files publish example --model BOOKS --force" in answer.err
    assert len((shop / HOME / "latest.csv").read_text().splitlines()) == 4
    assert call("files", "publish", "example", "--model", "BOOKS", "--force").code == 0
    assert len((shop / HOME / "latest.csv").read_text().splitlines()) == 3


def test_a_full_disk_keeps_the_file_of_before_and_does_not_block_the_destination(shop: Path) -> None:
    """R27."""
    fill(shop, 4, 40000)
    publish_as(shop, "{format: csv, to: small}")
    done = run_on_a_small_disk(shop, 300)
    assert "cannot be published: No space left on device" in done.stderr
    assert "make room, then run again" in done.stderr
    assert len(copied(shop)) == 40000
    assert len((shop / "kept" / "latest.csv").read_text().splitlines()) == 40001
    assert len(list((shop / "kept" / "versions").iterdir())) == 1


def test_object_storage_that_is_away_does_not_block_the_destination_and_is_tried_again_by_each_run(
    shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R27."""
    monkeypatch.setenv("SHOP_SECRET", s3.SECRET)
    with s3.rclone(shop / "s3") as endpoint, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{silent.getsockname()[1]}"
        where = "url: 's3://shop/feeds/{model}', secret: '${env:SHOP_SECRET}', region: x"
        publish_as(shop, f"{{format: csv, to: {{{where}, key: {s3.KEY}, endpoint: '{away}'}}}}")
        answer = call("run")
        assert (answer.code, len(copied(shop))) == (1, 3)
        assert "s3://shop/feeds/BOOKS cannot be reached" in answer.err
        assert (call("check").code, call("files", "list").code) == (2, 1)
        configure(shop, away, endpoint)
        checked = call("check")
        assert (checked.code, "does not heed conditions" in checked.err) == (0, True)
        answer = call("run")
        assert (answer.code, "s3://shop/feeds/BOOKS/latest.csv" in answer.err) == (0, True)
        assert s3.SECRET not in checked.err + answer.err + answer.out
        assert call("files", "list", "--json").json[0]["rows"] == 3
    assert (shop / "s3" / "shop" / "feeds" / "BOOKS" / "latest.csv").read_text().startswith("id,title")
