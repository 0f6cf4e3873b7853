"""What people want to know of runs and models: when one is next, how far behind, what was found, and why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.connection import Schedule
from syncline.insight.due import next_due
from syncline.insight.find import Known, find
from syncline.insight.freshness import freshness
from syncline.insight.outlook import Outlook, outlook
from syncline.insight.reason import reasons
from syncline.run import Counts, ModelRun, Run, RunResult, RunStatus
from syncline.search import Search
from syncline.store import open_store
from tests.domain.rig import USUAL, Rig, pets, whole

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def ended(seconds: float, mode: str = "full", model: str = "PETS") -> Run:
    part = ModelRun(model, mode, RunStatus.SUCCEEDED, started_at=NOW, ended_at=NOW + timedelta(seconds=seconds))
    return Run("1", "default", "zoo", USUAL, RunStatus.SUCCEEDED, NOW, NOW, models=(part,))


@given(
    every=st.timedeltas(timedelta(seconds=1), timedelta(days=400)),
    seconds=st.integers(0, 3_000_000_000),
)
def test_the_next_turn_comes_within_one_interval_and_keeps_to_it(every: timedelta, seconds: int) -> None:
    now = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    due = next_due(Schedule(every=every), "default/zoo/PETS", now)
    assert due is not None
    assert now < due <= now + every
    assert next_due(Schedule(every=every), "default/zoo/PETS", due) == due + every


def test_a_cron_line_is_read_in_its_time_zone() -> None:
    due = next_due(Schedule(cron="0 3 * * *", timezone="Europe/Paris"), "x", NOW)
    assert due == datetime(2026, 3, 5, 2, tzinfo=UTC)
    assert next_due(None, "x", NOW) is None


def test_what_is_left_is_told_by_the_runs_before_in_the_same_mode() -> None:
    going = ModelRun("PETS", "full", RunStatus.RUNNING, started_at=NOW)
    before = [ended(100), ended(80), ended(120), ended(1, mode="incremental"), ended(1, model="OTHER")]
    assert outlook(going, before, NOW + timedelta(seconds=25)) == Outlook(0.25, 75)
    assert outlook(going, before, NOW + timedelta(seconds=500)) == Outlook(0.95, 0)
    assert outlook(going, [], NOW) == Outlook()


def test_every_status_tells_the_rule_that_set_it() -> None:
    one = Counts(withheld=3, rejected=1, late=2)
    part = ModelRun("PETS", "full", RunStatus.SUCCEEDED, RunResult.PARTIAL, counts=one, error="not published: empty")
    run = Run("1", "default", "zoo", USUAL, RunStatus.SUCCEEDED, NOW, NOW, result=RunResult.PARTIAL, models=(part,))
    assert [reason.rule for reason in reasons(run)] == ["R30", "R25", "R3", "R9", "R27"]
    for result in RunResult:
        assert reasons(Run("1", "default", "zoo", USUAL, RunStatus.FAILED, NOW, NOW, result=result))
    for status in (RunStatus.SCHEDULED, RunStatus.RUNNING):
        assert reasons(Run("1", "default", "zoo", USUAL, status, NOW, NOW))


def test_a_model_is_as_fresh_as_the_last_read_that_ended_well(tmp_path: Path) -> None:
    rig = Rig(tmp_path, schedule=Schedule(every=timedelta(minutes=5)))
    fresh = freshness("default", rig.connection, [], {}, NOW)["PETS"]
    assert (fresh.as_of, fresh.lag, fresh.is_late, fresh.run) == (None, None, False, None)
    good = rig.run(whole(pets(1, 2)))
    bad = rig.run(OSError("gone"))
    assert (good.status, bad.status) == (RunStatus.SUCCEEDED, RunStatus.FAILED)
    latest, _ = rig.store.runs("zoo")
    now = datetime.now(UTC) + timedelta(minutes=11)
    fresh = freshness("default", rig.connection, rig.store.runs("zoo"), rig.store.heads("zoo"), now)["PETS"]
    assert fresh.run is not None
    assert (fresh.run.id, fresh.as_of, fresh.rows) == (latest.id, good.started_at, 2)
    assert fresh.is_late
    assert fresh.due is not None
    assert now < fresh.due <= now + timedelta(minutes=5)


def test_the_steps_of_a_run_are_kept_with_their_times(tmp_path: Path) -> None:
    part = Rig(tmp_path).run(whole(pets(1)))
    assert [step.name for step in part.steps] == ["check", "extract", "diff", "transform", "load"]
    times = [step.started_at for step in part.steps]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("words", "count"), [("", 5), ("zoo", 3), ("OO", 3), ("pet", 5), ("ann", 1), ("nothing", 0), ("%", 0), ("_", 0)]
)
def test_runs_are_found_by_words(tmp_path: Path, words: str, count: int) -> None:
    connection = Rig(tmp_path / "rig").connection
    store = open_store(f"sqlite:///{tmp_path}/history.db")
    known = Known({"zoo": connection}, {"u1": "ann@example.com"})
    for number in range(5):
        run = store.open_run("zoo" if number % 2 == 0 else "bar", USUAL, created_by="u1" if number == 1 else None)
        store.progress(run, ModelRun("PETS", "full"))
        store.close_run(run, RunStatus.SUCCEEDED, RunResult.SUCCESS)
    found = find(store, Search(), words, known)
    assert len(found) == count
    assert found == sorted(found, key=lambda run: run.created_at, reverse=True)
    latest = store.runs()[0]
    assert latest in find(store, Search(), latest.id[:9].upper(), known)
    assert len(find(store, Search(limit=2), words, known)) == min(count, 2)
    store.close()
