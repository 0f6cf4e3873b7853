"""A run is killed at every step, for real; the next one makes both sides equal, with nothing doubled."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from syncline import Request, RunResult, RunStatus
from tests.edge import mortal
from tests.edge.place import (
    COLUMNS,
    FIRST,
    FIRST_ROWS,
    FULL,
    GONE_MEANWHILE,
    INCREMENTAL,
    MEANWHILE,
    Place,
    prepared,
    sleep_and_wake,
)

EXTRACTING = ["in extract", "before diff", "before transform"]
PROMISING = ["before plan.json has its name", "before promise", "after promise"]
LOADING = ["before load", "in load", "before the plan is noted", "before the load is committed", "after load"]
COMMITTING = ["before commit", "in commit", "after commit"]
PUBLISHING = [
    "before publish",
    "in publish",
    "before the version has its name",
    "before latest is linked",
    "before latest.csv has its name",
    "before published is noted",
]
ENDING = ["before the run is closed"]
EVERYWHERE = [*EXTRACTING, *PROMISING, *LOADING, *COMMITTING, *PUBLISHING, *ENDING]
POINTS = [
    *((FIRST, point) for point in ("in prepare", *EXTRACTING, *PROMISING, *LOADING, *COMMITTING)),
    *((FIRST, point) for point in ("in publish", "before latest.csv has its name")),
    *((FULL, point) for point in ("in tidy", *EVERYWHERE)),
    *((INCREMENTAL, point) for point in ("in extract", "after promise", "in load", "after load", "in tidy")),
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.sell(FIRST_ROWS)
    return made


@pytest.mark.parametrize(("scene", "point"), POINTS, ids=lambda word: word.replace(" ", "-"))
def test_after_a_run_was_killed_the_next_makes_both_sides_equal(place: Place, scene: str, point: str) -> None:
    request = prepared(place, scene)
    before, after = place.destination(), place.source()
    place.die(request, point)
    assert place.destination() in (before, after)
    place.sell(MEANWHILE)
    if scene == FULL:
        place.sell(GONE_MEANWHILE)
    run = place.sync(request)
    assert (run.status, run.result) == (RunStatus.SUCCEEDED, RunResult.SUCCESS), run.infos
    assert_equal(place)
    assert_whole(place)
    assert place.sync(request).result is RunResult.NO_CHANGES
    dead = mortal.store(place.folder).runs()[2]
    assert (dead.status, dead.result, dead.infos["error"]) == (
        RunStatus.FAILED,
        RunResult.ERROR,
        "the process ended without finishing",
    )


def assert_equal(place: Place) -> None:
    """Both tables hold the same rows, each key once, and so does the file."""
    missing = f"SELECT {COLUMNS} FROM item EXCEPT SELECT {COLUMNS} FROM items"
    surplus = f"SELECT {COLUMNS} FROM items EXCEPT SELECT {COLUMNS} FROM item"
    assert place.ask(missing) == place.ask(surplus) == []
    assert place.ask("SELECT count(*), count(DISTINCT id) FROM items") == place.ask(
        "SELECT count(*), count(*) FROM item"
    )
    shown = "SELECT id, name, coalesce(amount, ''), replace(updated_at, ' ', 'T') FROM item ORDER BY id"
    assert place.published() == [tuple(map(str, row)) for row in place.ask(shown)]


def assert_whole(place: Place) -> None:
    """The plan noted at the destination is the head's, and no half file can be taken for a whole one."""
    head = mortal.store(place.folder).head("shop", "ITEMS")
    noted = place.ask("SELECT scope, plan FROM _syncline_plan")
    assert noted == [("default/shop/ITEMS", head.plan)]
    assert (head.promised, head.published) == ("", head.plan)
    assert place.ask("PRAGMA sent.integrity_check") == [("ok",)]
    folder = place.folder / "files" / "files" / "default" / "shop" / "ITEMS"
    assert (folder / "latest.csv").readlink() == Path(f"versions/{head.plan}.csv")
    for version in (folder / "versions").glob("[!.]*.csv"):
        assert version.read_bytes().endswith(b"\n")


@pytest.mark.parametrize("point", ["after promise", "after load", "before publish", "before latest is linked"])
def test_what_a_killed_run_began_is_finished_although_nothing_changed_since(place: Place, point: str) -> None:
    request = prepared(place, FULL)
    place.die(request, point)
    place.sync(request)
    assert_equal(place)
    assert_whole(place)
    assert place.sync(request).result is RunResult.NO_CHANGES


def test_the_run_that_finishes_for_a_dead_one_may_die_as_well(place: Place) -> None:
    request = prepared(place, FULL)
    place.die(request, "in load")
    place.sell(MEANWHILE)
    place.die(request, "after load")
    place.sell(GONE_MEANWHILE)
    place.die(request, "before commit")
    place.sync(request)
    assert_equal(place)
    assert_whole(place)


def test_a_killed_load_leaves_the_destination_as_it_was_although_half_of_it_was_on_disk(place: Place) -> None:
    request = prepared(place, FULL)
    before = place.destination()
    place.die(request, "in load")
    assert (place.folder / "destination.db-journal").stat().st_size > 0
    assert place.destination() == before


def test_a_killed_run_is_shown_as_failed_and_holds_nothing(place: Place) -> None:
    place.die(Request(), "in load")
    store = mortal.store(place.folder)
    assert store.active("shop") is None
    (run,) = store.runs()
    (model,) = run.models
    assert (run.status, run.result, model.status, model.step) == ("failed", "error", "failed", "load")


def test_what_killed_runs_left_behind_goes_after_a_while(place: Place) -> None:
    place.die(Request(), "before plan.json has its name")
    place.die(Request(), "in publish")
    files = place.folder / "files"
    (spill,) = files.glob(".engine-*")
    (unnamed,) = files.glob("data/**/.plan.json.*")
    left = [spill, unnamed, unnamed.parent / "extract-0.parquet"]
    assert left[2].exists()
    for path in (spill, unnamed.parent):
        os.utime(path, (0, time.time() - 25 * 3600))
    place.sell(MEANWHILE)
    place.sync(Request())
    assert not [path for path in left if path.exists()]
    assert_equal(place)


@pytest.mark.parametrize(
    "point", ["before diff", "before promise", "before load", "before commit", "before latest.csv has its name"]
)
def test_a_run_that_wakes_after_its_lease_changes_nothing_more(place: Place, point: str) -> None:
    """R21, Invariant 6."""
    sleep_and_wake(place, prepared(place, FULL), point, MEANWHILE + GONE_MEANWHILE)
    assert_equal(place)
    assert_whole(place)
