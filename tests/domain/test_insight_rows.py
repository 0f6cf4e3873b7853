"""What was sent, a page at a time, and what happened to one row."""

from pathlib import Path

import pytest

from syncline.change import read_changes
from syncline.changes import Changeset
from syncline.connection import Limits
from syncline.errors import ConfigError
from syncline.insight.journey import Journey, journey
from syncline.pipeline import record
from tests.domain.rig import FULL, Rig, pet, pets, whole


def journey_of(rig: Rig, *key: str, before: str = "") -> Journey:
    return journey(rig.storage, rig.store, "zoo", "PETS", key, before=before)


def sent(rig: Rig) -> Changeset:
    """What the latest run has sent."""
    run = rig.store.runs(limit=1)[0]
    found = record.sent(run, run.models[0], rig.storage)
    assert found is not None
    return found


def test_a_changeset_is_read_page_by_page_with_before_and_after(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limits=Limits(deleted=1))
    rig.ok(whole(pets(*range(100))))
    pages = [read_changes(sent(rig), start=start, limit=30) for start in range(0, 150, 30)]
    assert [len(page) for page in pages] == [30, 30, 30, 10, 0]
    assert [change.row["id"] for page in pages for change in page] == list(range(100))
    rig.ok(whole([pet(1, "Max"), pet(2, None), *pets(*range(5, 100)), pet(200)]), request=FULL)
    changeset = sent(rig)
    found = read_changes(changeset, limit=10)
    assert [change.operation for change in found] == ["delete"] * 3 + ["update"] * 2 + ["insert"]
    assert [read_changes(changeset, start=start, limit=1) for start in range(6)] == [[change] for change in found]
    assert [(change.before, change.after, change.differing) for change in found[3:5]] == [
        (pet(1), pet(1, "Max"), ["name"]),
        (pet(2), pet(2, None), ["name"]),
    ]
    assert [change.before for change in read_changes(changeset, ["delete"], limit=9)] == [pet(0), pet(3), pet(4)]
    assert [change.after for change in read_changes(changeset, ["insert"], limit=9)] == [pet(200)]
    assert read_changes(changeset, ["insert"], start=5, limit=9) == read_changes(changeset, limit=0) == []


def test_the_journey_of_a_row_tells_each_change_in_its_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limits=Limits(deleted=1))
    rig.ok(whole(pets(1, 2)))
    rig.ok(whole([pet(1, "Max"), pet(2)]))
    rig.ok(whole([pet(1, "Max"), pet(2, "Bo")]))
    rig.ok(whole([pet(2, "Bo")]), request=FULL)
    rig.ok(whole([pet(1, "Back"), pet(2, "Bo")]))
    events = journey_of(rig, "1").events
    assert [event.change.operation for event in events if event.change] == ["insert", "delete", "update", "insert"]
    assert events[2].change is not None
    assert (events[2].change.before, events[2].change.after) == (pet(1), pet(1, "Max"))
    runs = {run.models[0].plan: run for run in rig.store.runs()}
    assert all(event.run == runs[event.plan] for event in events)
    assert journey_of(rig, "77").events == ()


def test_the_journey_tells_why_a_row_was_not_sent_and_when_that_was_over(tmp_path: Path) -> None:
    rig = Rig(tmp_path, limits=Limits(rejected=1))
    rig.run(whole([pet(1), pet(2)]))
    rig.run(whole([pet(1, "Max", version="none"), pet(2)]))
    rig.run(whole([pet(1, "Max", version="none"), pet(2, "Bo")]))
    rig.run(whole([pet(1, "Max", version=5), pet(2, "Bo")]))
    last, owed, first = journey_of(rig, "1").events
    assert (owed.kind, owed.change) == ("rejected", None)
    assert "version" in owed.reason
    assert last.is_settled
    assert last.change is not None
    assert last.change.after == pet(1, "Max", 5)
    assert first.change is not None
    assert [event.kind for event in journey_of(rig, "2").events] == ["", ""]


def test_a_deletion_that_waits_is_part_of_the_journey(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.ok(whole(pets(*range(20))))
    rig.ok(whole(pets(1)), request=FULL)
    waits, _ = journey_of(rig, "7").events
    assert (waits.kind, waits.change) == ("withheld", None)
    rig.approve()
    gone, *_ = journey_of(rig, "7").events
    assert gone.is_settled
    assert gone.change is not None
    assert gone.change.operation == "delete"


def test_a_long_journey_is_looked_through_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncline.insight.journey.MOST_PLANS", 2)
    rig = Rig(tmp_path)
    for number in range(5):
        rig.ok(whole([pet(1, f"name {number}")]))
    seen, before = [], ""
    for _ in range(3):
        found = journey_of(rig, "1", before=before)
        seen += [event.change.row["name"] for event in found.events if event.change]
        before = found.older
    assert before == ""
    assert seen == [f"name {number}" for number in (4, 3, 2, 1, 0)]


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with pytest.raises(ConfigError, match="never synced"):
        journey_of(rig, "1")
    rig.ok(whole(pets(1)))
    for key in ((), ("1", "2")):
        with pytest.raises(ConfigError, match="the key of model PETS is id"):
            journey_of(rig, *key)
    for key in ("x", "", "' OR 1=1 --", "1; DROP TABLE x", "é\U0001f408"):
        with pytest.raises(ConfigError, match="is no value of `id`"):
            journey_of(rig, key)
