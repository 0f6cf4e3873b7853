"""The versions of a publication: checks, going back, other options, retention, deltas (R27, P6.10)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncline import ConfigError, Withheld
from syncline.export import Options
from syncline.publication import Address, Checks, Publication
from syncline.publication.feed import OP, Feed
from syncline.publication.folder import Folder

NUMBERS = pa.schema({"id": pa.int64()})
ANY = Checks(may_be_empty=True)


def feed(folder: Path, **about: Any) -> Feed:
    return Feed(Publication("csv", **{"checks": ANY, **about}), Folder(folder), "NUMBERS")


def publish(made: Feed, plan: str, *ids: int, force: bool = False) -> str:
    def rows() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"id": list(ids)}, NUMBERS)

    return made.publish(rows, NUMBERS, plan, lambda *_: None, force=force)


def shown(made: Feed) -> list[int]:
    with made.place.read(made.link) as file:
        return [int(line) for line in file.read().decode().split()[1:]]


def test_a_version_tells_how_many_rows_it_has_and_which_plan_they_are_of(tmp_path: Path) -> None:
    made = feed(tmp_path)
    found = made.find(publish(made, "1", 7, 8))
    assert found is not None
    assert (found.about["rows"], found.about["plan"], found.size) == ("2", "1", len("id\n7\n8\n"))


def test_latest_shows_what_it_was_rolled_back_to(tmp_path: Path) -> None:
    made = feed(tmp_path)
    for plan in range(1, 4):
        publish(made, str(plan), plan)
    assert made.rollback("1", lambda *_: None) == "3~001"
    assert (shown(made), made.latest(), made.versions()) == ([1], "3~001", ["1", "2", "3", "3~001"])


def test_a_rollback_stays_until_there_is_a_newer_plan(tmp_path: Path) -> None:
    made = feed(tmp_path)
    for plan in ("1", "2"):
        publish(made, plan, int(plan))
    made.rollback("1", lambda *_: None)
    for lagging in ("2", "1", "2"):
        publish(made, lagging, int(lagging))
        assert shown(made) == [1]
    publish(made, "3", 3)
    assert shown(made) == [3]


def test_one_can_go_back_again_and_again(tmp_path: Path) -> None:
    made = feed(tmp_path)
    for plan in ("1", "2", "3"):
        publish(made, plan, int(plan))
    for number, version in enumerate(("1", "2", "3~001", "3"), start=1):
        assert made.rollback(version, lambda *_: None) == f"3~{number:03}"
    assert shown(made) == [3]


def test_a_version_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    made = feed(tmp_path)
    with pytest.raises(ConfigError, match="nothing was published yet"):
        made.rollback("1", lambda *_: None)
    publish(made, "1", 1)
    with pytest.raises(ConfigError, match="known are 1"):
        made.rollback("2", lambda *_: None)
    assert shown(made) == [1]


def test_a_plan_published_in_another_way_is_another_version(tmp_path: Path) -> None:
    """P4.11: a version never changes, so a file with other options needs a name of its own."""
    made = feed(tmp_path)
    publish(made, "1", 1)
    other = feed(tmp_path, options=Options(line_ending="crlf"))
    assert (publish(other, "1", 1), publish(other, "1", 1)) == ("1~001", "1~001")
    assert (tmp_path / "latest.csv").read_bytes() == b"id\r\n1\r\n"
    assert (tmp_path / "versions" / "1.csv").read_bytes() == b"id\n1\n"


@pytest.mark.parametrize("ids", [(), (1,)], ids=["the first version", "a later one"])
def test_a_file_without_rows_is_not_published_unless_it_may(tmp_path: Path, ids: tuple[int, ...]) -> None:
    strict = feed(tmp_path, checks=Checks())
    if ids:
        publish(strict, "1", *ids)
    with pytest.raises(Withheld, match=r"latest.csv would be empty .*empty: allow"):
        publish(strict, "2")
    assert (strict.latest(), strict.versions()) == (("1", ["1"]) if ids else ("", []))
    assert not list(tmp_path.glob(".draft*"))
    publish(feed(tmp_path), "2")
    assert shown(strict) == []


def test_a_file_that_has_shrunk_too_much_is_not_published_until_somebody_says_so(tmp_path: Path) -> None:
    made = feed(tmp_path, checks=Checks(shrink=0.5))
    publish(made, "1", *range(10))
    publish(made, "2", *range(5))
    with pytest.raises(Withheld, match=r"would have 2 rows instead of 5 .60% fewer; the limit is 50%"):
        publish(made, "3", 1, 2)
    assert (made.latest(), shown(made)) == ("2", list(range(5)))
    publish(made, "3", 1, 2, force=True)
    assert shown(made) == [1, 2]
    publish(made, "4", 1)


def test_after_a_rollback_rows_are_counted_from_what_is_shown(tmp_path: Path) -> None:
    made = feed(tmp_path, checks=Checks(shrink=0.5))
    publish(made, "1", 1)
    publish(made, "2", *range(9))
    made.rollback("1", lambda *_: None)
    publish(made, "3", 1, 2)
    assert shown(made) == [1, 2]


def test_versions_go_after_a_while_but_never_the_one_that_is_shown(tmp_path: Path) -> None:
    made = feed(tmp_path, keep=timedelta(days=1))
    for plan in ("1", "2", "3"):
        publish(made, plan, int(plan))
    for name in ("1", "3"):
        os.utime(tmp_path / "versions" / f"{name}.csv", (time.time() - 90_000,) * 2)
    assert made.prune() == ["1"]
    assert (made.versions(), shown(made)) == (["2", "3"], [3])


def test_a_delta_goes_with_its_version(tmp_path: Path) -> None:
    made = feed(tmp_path, keep=1, delta=True)

    def changes(before: str, after: str) -> pa.RecordBatchReader:
        rows = pa.table({OP: ["insert"], "id": [int(after)]})
        assert before == {"1": "", "2": "1"}[after]
        return rows.to_reader()

    for plan in ("1", "2"):
        batch = pa.RecordBatch.from_pydict({"id": [int(plan)]}, NUMBERS)
        made.publish(lambda batch=batch: [batch], NUMBERS, plan, changes, force=False)  # type: ignore[misc]
    deltas = tmp_path / "deltas"
    assert (deltas / "2.csv").read_text() == "_op,id\ninsert,2\n"
    assert made.prune() == ["1"]
    assert [path.name for path in deltas.iterdir()] == ["2.csv"]


def test_names_with_dots_and_suffixes_of_two_parts_are_told_apart(tmp_path: Path) -> None:
    plain, packed = feed(tmp_path), feed(tmp_path, options=Options(compression="gzip"))
    for made in (plain, packed):
        publish(made, "1-A.csv", 1)
        publish(made, "2-Ü/..", 1, 2)
        assert made.versions() == ["1-A%2Ecsv", "2-%C3%9C%2F%2E%2E"]
        assert made.latest() == "2-%C3%9C%2F%2E%2E"
    assert sorted(path.name for path in tmp_path.glob("latest*")) == ["latest.csv", "latest.csv.gz"]


def test_what_changes_a_file_or_its_place_has_it_published_anew() -> None:
    one = Publication("csv")
    for other in (Publication("csv", name="prices"), Publication("tsv"), replace(one, to=Address("out"))):
        assert one.identity() != other.identity()
    assert replace(one, options=Options(digits=2)).fingerprint() != one.fingerprint()


STEPS = st.lists(st.one_of(st.integers(1, 9), st.integers(0, 30).map(str)), max_size=12)


@given(STEPS)
@example([1, 6, "0", "1", "12", "28", "6", "24"])
@settings(max_examples=60, deadline=None)
def test_latest_shows_the_newest_plan_or_what_somebody_went_back_to_since(steps: list[int | str]) -> None:
    """R27: whatever comes in whatever order; a number is a plan, a text says which version one goes back to."""
    with TemporaryDirectory() as place:
        made = feed(Path(place), keep=4)
        newest, wanted, before = 0, [0], ""
        for step in steps:
            if isinstance(step, int):
                publish(made, str(step), step)
                newest, wanted = (step, [step]) if step > newest else (newest, wanted)
            elif versions := made.versions():
                version = versions[int(step) % len(versions)]
                found = made.find(version)
                assert found is not None
                made.rollback(version, lambda *_: None)
                wanted = [int(found.about["plan"])]
            made.prune()
            assert made.latest() >= before
            assert not newest or shown(made) == wanted
            before = made.latest()


def test_of_many_who_publish_a_plan_at_once_there_is_one_version(tmp_path: Path) -> None:
    made = feed(tmp_path)
    publish(made, "1", 1)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: publish(made, "2", *range(5000)), range(8))) == {"2"}
    assert (made.versions(), shown(made)) == (["1", "2"], list(range(5000)))
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda _: made.rollback("1", lambda *_: None), range(8)))
    assert (sorted(again), shown(made)) == ([f"2~{number:03}" for number in range(1, 9)], [1])
    assert made.latest() == "2~008"
