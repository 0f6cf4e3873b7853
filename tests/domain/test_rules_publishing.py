"""Files made from what was sent: R27."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline import DataError, Limits, ModelRun, Publication, snapshot
from syncline.export import Options
from syncline.pipeline import Steps
from syncline.pipeline.release import changes
from syncline.pipeline.republish import republish
from syncline.publication import Address, Checks
from syncline.publication.feed import OP, feeds
from tests.domain.rig import FULL, USUAL, Rig, pet, pets, whole

CSV = (Publication("csv"),)


def folder(rig: Rig) -> Path:
    return rig.storage.root / "files/default/zoo/PETS"


def latest(rig: Rig, suffix: str = "csv") -> list[str]:
    return (folder(rig) / f"latest.{suffix}").read_text().splitlines()


def full_disk(*_: object) -> Any:
    raise DataError("the disk is full")


def test_a_file_holds_everything_and_is_named_by_its_plan(tmp_path: Path) -> None:
    """R27, P1.12."""
    rig = Rig(tmp_path, publish=CSV)
    rig.ok(whole(pets(1, 2)))
    done = rig.ok(whole(pets(1, 2, 3)))
    assert latest(rig) == ["id,name,version", "1,Rex,1", "2,Rex,1", "3,Rex,1"]
    assert done.files == (f"files/default/zoo/PETS/versions/{done.plan}.csv",)
    assert rig.storage.path(done.files[0]).resolve() == (folder(rig) / "latest.csv").resolve()
    assert len(list((folder(rig) / "versions").iterdir())) == 2


def test_it_is_made_from_what_was_sent(tmp_path: Path) -> None:
    """R27: not from what the destination refused."""
    rig = Rig(tmp_path, publish=CSV)
    rig.destination.refused.add((2,))
    rig.ok(whole(pets(1, 2)))
    assert latest(rig) == ["id,name,version", "1,Rex,1"]


def test_nothing_changed_nothing_is_published(tmp_path: Path) -> None:
    """R27, Invariant 11."""
    rig = Rig(tmp_path, publish=CSV)
    rig.ok(whole(pets(1)))
    assert rig.ok().files == ()


def test_rows_that_are_refused_again_make_no_new_version(tmp_path: Path) -> None:
    """R27, R2: the destination holds what it held."""
    rig = Rig(tmp_path, publish=CSV)
    rig.destination.refused.add((2,))
    rig.ok(whole(pets(1, 2)))
    assert rig.ok(whole(pets(1, 2))).files == ()
    assert rig.ok(whole(pets(1, 2, 3))).files != ()
    rig.destination.refused.clear()
    rig.ok(whole(pets(1, 2, 3)))
    assert latest(rig) == ["id,name,version", "1,Rex,1", "2,Rex,1", "3,Rex,1"]
    assert len(list((folder(rig) / "versions").iterdir())) == 3


def test_a_publication_that_fails_does_not_undo_the_load(tmp_path: Path) -> None:
    """R27: a full bucket never blocks the destination."""
    rig = Rig(tmp_path, publish=CSV)
    done = rig.run(whole(pets(1)), steps=Steps(publish=full_disk))
    assert (done.status, done.step) == ("failed", "publish")
    assert rig.held == rig.sent == {1: "Rex"}
    assert not rig.head.promised


def test_what_lags_is_published_though_nothing_changed_since(tmp_path: Path) -> None:
    """R27."""
    rig = Rig(tmp_path, publish=CSV)
    failed = rig.run(whole(pets(1)), steps=Steps(publish=full_disk))
    rig.ok()
    assert (rig.loads, rig.head.published) == (1, failed.plan)
    assert [path.stem for path in (folder(rig) / "versions").iterdir()] == [failed.plan]
    assert latest(rig) == ["id,name,version", "1,Rex,1"]


def test_a_model_that_is_published_only_needs_no_destination(tmp_path: Path) -> None:
    """R27."""
    rig = Rig(tmp_path, publish=CSV)
    rig.destination = None
    rig.ok(whole(pets(1)))
    rig.ok(whole(pets(1, 2)))
    assert len(latest(rig)) == 3


@pytest.mark.parametrize("before", [(), CSV], ids=["the first", "another"])
def test_a_publication_added_later_is_made_though_nothing_changed(
    tmp_path: Path, before: tuple[Publication, ...]
) -> None:
    """R27, R5, P4.11."""
    rig = Rig(tmp_path, publish=before)
    rig.ok(whole(pets(1)))
    rig.sync = replace(rig.sync, publish=(*before, Publication("jsonl")))
    rig.ok()
    assert latest(rig, "jsonl") == ['{"id":1,"name":"Rex","version":1}']
    assert rig.loads == 1


def test_a_file_whose_options_changed_is_made_anew_without_reading_or_sending(tmp_path: Path) -> None:
    """R27, R5, P4.11: as another version, for a version never changes."""
    rig = Rig(tmp_path, publish=CSV)
    plan = rig.ok(whole(pets(1))).plan
    rig.sync = replace(rig.sync, publish=(Publication("csv", options=Options(delimiter=";")),))
    done = rig.ok()
    assert latest(rig) == ["id;name;version", "1;Rex;1"]
    assert done.files == (f"files/default/zoo/PETS/versions/{plan}~001.csv",)
    assert rig.storage.path(f"files/default/zoo/PETS/versions/{plan}.csv").read_text() == "id,name,version\n1,Rex,1\n"
    assert (rig.loads, rig.ok().files) == (1, ())


EMPTY = (Publication("csv", checks=Checks(may_be_empty=True)),)
SHRINKING = (Publication("csv", checks=Checks(shrink=0.5)), Publication("jsonl"))
DELTA = (Publication("jsonl", delta=True, checks=Checks(may_be_empty=True)),)
LIMITS = Limits(deleted=1.0)


def test_a_first_sync_without_rows_publishes_nothing_and_says_so(tmp_path: Path) -> None:
    """R27."""
    rig = Rig(tmp_path, publish=CSV)
    for said in ((whole([]),), ()):
        done = rig.run(*said)
        assert (done.status, done.result, done.files) == ("succeeded", "partial", ())
        assert "not published: latest.csv would be empty" in done.error
    assert not (folder(rig) / "latest.csv").exists()
    rig.ok(whole(pets(1)))
    assert len(latest(rig)) == 2


def test_a_first_sync_without_rows_publishes_a_header_where_that_is_allowed(tmp_path: Path) -> None:
    """R27."""
    rig = Rig(tmp_path, publish=EMPTY)
    rig.ok(whole([]))
    assert latest(rig) == ["id,name,version"]
    assert rig.ok(whole([])).files == ()
    rig.ok(whole(pets(1)))
    assert len(latest(rig)) == 2


def test_what_does_not_pass_its_checks_is_looked_at_again_by_each_run(tmp_path: Path) -> None:
    """R27: the file of before stays, the destination has the rows, and other files are published."""
    rig = Rig(tmp_path, publish=SHRINKING, limits=LIMITS)
    before = rig.ok(whole(pets(1, 2, 3)))
    for said in ((whole(pets(1)),), ()):
        done = rig.run(*said, request=FULL if said else USUAL)
        assert (done.status, done.result) == ("succeeded", "partial")
        assert "not published: latest.csv would have 1 row instead of 3" in done.error
        assert done.files == (f"files/default/zoo/PETS/versions/{rig.head.plan}.jsonl",)
    assert (len(latest(rig)), len(latest(rig, "jsonl")), rig.held) == (4, 1, {1: "Rex"})
    assert rig.head.published == before.plan
    rig.ok(whole(pets(1, 2)))
    assert (len(latest(rig)), rig.head.published) == (3, rig.head.plan)


def test_somebody_may_publish_it_all_the_same_and_once_only(tmp_path: Path) -> None:
    """R27."""
    rig = Rig(tmp_path, publish=SHRINKING, limits=LIMITS)
    rig.ok(whole(pets(1, 2, 3)))
    rig.run(whole(pets(1)), request=FULL)
    assert again(rig, force=False).result == "partial"
    done = again(rig, force=True)
    assert (done.result, len(done.files), len(latest(rig)), rig.head.published) == ("no_changes", 2, 2, rig.head.plan)
    assert again(rig, force=True).files == ()
    rig.ok()
    assert rig.run(whole([]), request=FULL).result == "partial"


def again(rig: Rig, *, force: bool) -> ModelRun:
    return republish(rig.connection, USUAL, rig.store, rig.storage, force=force).models[0]


def test_one_place_that_cannot_be_written_does_not_keep_others_from_being_published(tmp_path: Path) -> None:
    """R27."""
    (tmp_path / "shut").write_text("no folder")
    rig = Rig(tmp_path, publish=(Publication("csv", to=Address(str(tmp_path / "shut"))), Publication("jsonl")))
    failed = rig.run(whole(pets(1)))
    assert (failed.status, failed.step, "Not a directory" in failed.error) == ("failed", "publish", True)
    assert (len(latest(rig, "jsonl")), rig.held, rig.head.published) == (1, {1: "Rex"}, "")
    (tmp_path / "shut").unlink()
    done = rig.ok()
    assert done.files[0] == f"{tmp_path}/shut/versions/{failed.plan}.csv"
    assert (tmp_path / "shut" / "latest.csv").exists()


def test_a_rollback_is_not_undone_by_a_run_without_changes(tmp_path: Path) -> None:
    """R27."""
    rig = Rig(tmp_path, publish=CSV)
    old = rig.ok(whole(pets(1)))
    rig.ok(whole(pets(1, 2)))
    (feed,) = feeds(CSV, rig.storage, "default", "zoo", "PETS")
    feed.rollback(old.plan, lambda *_: None)
    rig.ok()
    rig.ok(whole(pets(1, 2)), request=FULL)
    assert len(latest(rig)) == 2
    rig.ok(whole(pets(1, 2, 3)))
    assert len(latest(rig)) == 4


@given(st.lists(st.dictionaries(st.integers(0, 9), st.sampled_from(["Rex", "Tom", None])), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_who_follows_the_deltas_has_what_is_published(history: list[dict[int, str | None]]) -> None:
    """P6.10: each delta leads from the version before to its own, exactly."""
    with TemporaryDirectory() as place:
        rig = Rig(Path(place), publish=DELTA, limits=LIMITS)
        held: dict[int, object] = {}
        followed: set[str] = set()
        for rows in history:
            rig.run(whole([pet(id, name) for id, name in rows.items()]), request=FULL)
            rig.approve() if rig.head.owed_list else None
            for delta in sorted((folder(rig) / "deltas").glob("*")):
                if delta.name not in followed:
                    follow(held, delta)
                    followed.add(delta.name)
            assert held == {row["id"]: row["name"] for row in map(json.loads, latest(rig, "jsonl"))} == rows


def follow(held: dict[int, object], delta: Path) -> None:
    for row in map(json.loads, delta.read_text().splitlines()):
        was_there = row["id"] in held
        assert was_there == (row[OP] != "insert")
        if row[OP] == "delete":
            assert held.pop(row["id"]) == row["name"]
        else:
            assert not was_there or held[row["id"]] != row["name"]
            held[row["id"]] = row["name"]


def test_what_was_published_can_be_compared_as_long_as_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: the rows of a version stay although no head names them any more, and go when they are not kept any more."""
    monkeypatch.setattr(snapshot, "FEW_ROWS", 0)  # each run folds
    rig = Rig(tmp_path, publish=DELTA)
    rig.ok(whole(pets(1)))
    old = rig.ok(whole(pets(1, name="Tom")), request=FULL)
    base = rig.storage.root / "data/default/zoo/PETS" / old.plan / "base.parquet"
    for name in ("Kit", "Tim"):
        rig.ok(whole(pets(1, name=name)), request=FULL)
        age(rig)
        assert base.exists()
    with ExitStack() as stack:
        changed = changes(rig.storage, "data/default/zoo/PETS", stack)(old.plan, rig.head.plan)
        assert changed is not None
        assert changed.read_all().to_pylist() == [{OP: "update", **pet(1, "Tim")}]
    rig.sync = replace(rig.sync, publish=(replace(DELTA[0], keep=1),))
    for name in ("Tom", "Tim"):
        rig.ok(whole(pets(1, name=name)), request=FULL)
        age(rig)
    with ExitStack() as stack:
        assert changes(rig.storage, "data/default/zoo/PETS", stack)(old.plan, rig.head.plan) is None
    assert not base.exists()


def age(rig: Rig) -> None:
    """Two hours go by."""
    for path in (rig.storage.root / "data/default/zoo/PETS").iterdir():
        os.utime(path, (time.time() - 7200,) * 2)


def test_a_model_may_be_called_in_any_script(tmp_path: Path) -> None:
    name = "Bücher.größe"
    rig = Rig(tmp_path, name=name, publish=(Publication("csv", name="Preise.ä", delta=True),))
    for ids in ((1,), (1, 2)):
        done = rig.run(whole(pets(*ids)))
        assert done.error == ""
    (feed,) = feeds(rig.sync.publish, rig.storage, "default", "zoo", name)
    assert (len(feed.versions()), feed.latest()) == (2, feed.versions()[-1])
    assert len(feed.place.files("deltas")) == 2
    assert Path(feed.place.address(feed.link)).read_text().splitlines() == ["id,name,version", "1,Rex,1", "2,Rex,1"]
