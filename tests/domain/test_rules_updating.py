"""Settings that have changed are carried out without the source: R5, R25."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from syncline import Limits, Publication, Request, RunType, Target, TransientError, pipeline
from tests.domain.rig import pet, pets, whole
from tests.domain.workshop import UPDATE, Workshop, by_name, code, workshop

TEN = range(1, 11)


def test_a_changed_transform_is_carried_out_without_the_source(tmp_path: Path) -> None:
    """R5, P4.11."""
    rig = workshop(tmp_path, lambda row: [code(row)], *pets(1, 2, 3))
    rig.make(lambda row: [code(row, value=row["id"] * 10)] if row["id"] > 1 else [], "v2")
    asked = pipeline.update_before(rig.connection, Request(), rig.store)
    assert asked is not None
    rig.said = rig.switched_off
    run = rig.sync_all(asked)
    assert run.type is RunType.CONFIGURATION
    assert rig.made == {"2": 20, "3": 30}
    counts = run.models[0].counts
    assert (counts.read, counts.updated, counts.deleted) == (0, 2, 1)
    assert pipeline.update_before(rig.connection, Request(), rig.store) is None


def test_nothing_lags_without_a_change(tmp_path: Path) -> None:
    rig = workshop(tmp_path, by_name, pet(1))
    assert not pipeline.update_before(rig.connection, Request(), rig.store)
    loads = rig.loads
    assert rig.update().result == "no_changes"
    assert rig.loads == loads


def test_an_update_keeps_cursors_and_what_the_reads_left_owed(tmp_path: Path) -> None:
    rig = Workshop(tmp_path, limits=Limits(rejected=1.0), cursor="version")
    rig.make(lambda row: [code(row)])
    rig.ok(whole([pet(1), pet(2, version="many")], cursor=1))
    before = rig.head
    rig.make(lambda row: [code(row, value=7)], "v2")
    rig.update()
    assert rig.made == {"1": 7}
    assert rig.owed() == {"rejected": [2]}
    assert (rig.head.cursors, rig.head.read, rig.head.snapshot) == (before.cursors, before.read, before.snapshot)


def test_an_update_over_the_limit_waits_whole(tmp_path: Path) -> None:
    """R25: it would delete half and change the rest, and does neither."""
    rig = workshop(tmp_path, lambda row: [code(row)], *pets(*TEN))
    rig.make(lambda row: [code(row, value=5)] if row["id"] % 2 else [], "odd")
    done = rig.update()
    assert rig.made == {str(i): 1 for i in TEN}
    assert done.result == "partial"
    assert rig.owed() == {"withheld": list(TEN)}
    rig.ok(whole([*pets(*range(1, 10)), pet(10), pet(11)]))
    assert rig.made == {**{str(i): 1 for i in TEN}, "11": 5}
    rig.approve()
    assert rig.made == {**{str(i): 5 for i in TEN if i % 2}, "11": 5}


def test_settings_that_are_changed_back_leave_nothing_waiting(tmp_path: Path) -> None:
    """R25: what was held back as a whole is what the settings of today say, or not at all."""
    rig = workshop(tmp_path, lambda row: [code(row)], *pets(*TEN))
    rig.make(lambda row: [code(row, value=5)] if row["id"] % 2 else [], "odd")
    rig.update()
    rig.ok(whole([*pets(*range(1, 10)), pet(10, version=3)]))
    rig.make(lambda row: [code(row)], "back")
    assert rig.update().result == "success"
    assert rig.made == {**{str(i): 1 for i in TEN}, "10": 3}
    assert rig.owed() == {}


def test_an_update_of_files_alone_needs_no_files_of_its_own(tmp_path: Path) -> None:
    """R5, R27: nothing is read, compared or sent."""
    rig = workshop(tmp_path, lambda row: [code(row)], pet(1), publish=(Publication("csv"),))
    rig.sync = replace(rig.sync, publish=(Publication("jsonl"),))
    assert len(rig.update().files) == 1
    rig.sync = replace(rig.sync, target=replace(rig.sync.target, on_delete="soft"))
    assert rig.update().error == ""


def test_taking_the_transform_away_is_a_change_too(tmp_path: Path) -> None:
    rig = Workshop(tmp_path)
    rig.express(filter="id > 1", fields={"id": "id", "name": "upper(name)", "version": "version"})
    rig.ok(whole(pets(1, 2)))
    assert rig.held == {2: "REX"}
    rig.express()
    rig.update()
    assert rig.held == {1: "Rex", 2: "Rex"}
    assert rig.head.sent.rows == 2
    assert rig.ok(whole(pets(1, 2))).result == "no_changes"


def test_another_table_is_filled_without_the_source(tmp_path: Path) -> None:
    """P6.5."""
    rig = workshop(tmp_path, lambda row: [code(row)], *pets(1, 2))
    rig.destination.rows.clear()
    rig.sync = replace(rig.sync, target=Target("elsewhere"))
    rig.update()
    assert rig.made == {"1": 1, "2": 1}


def test_another_key_at_the_destination_wants_another_table(tmp_path: Path) -> None:
    """R15: what is there could not be found again."""
    rig = Workshop(tmp_path)
    rig.express(fields={"number": "id"})
    rig.ok(whole(pets(1)))
    rig.express(fields={"id": "id"})
    failed = rig.run(whole(pets(1)))
    assert "the key of pets has changed from number (int) to id (int)" in failed.error
    rig.sync = replace(rig.sync, target=Target("others"))
    rig.ok(whole(pets(1)))


def test_a_read_that_breaks_off_does_not_keep_settings_from_being_carried_out(tmp_path: Path) -> None:
    rig = workshop(tmp_path, lambda row: [code(row)], pet(1))
    rig.make(lambda row: [code(row, value=9)], "v2")
    rig.said = [TransientError("the line is dead")]
    rig.sync_all(UPDATE)
    assert rig.made == {"1": 9}


def test_a_model_whose_settings_are_wrong_does_not_keep_others_from_being_looked_at(tmp_path: Path) -> None:
    """R24: its own part of a run tells."""
    rig = Workshop(tmp_path)
    rig.ok(whole(pets(1)))
    rig.express(function="nowhere:totals", folder=tmp_path)
    assert not pipeline.update_before(rig.connection, Request(), rig.store)
    assert "nowhere" in rig.run(whole(pets(1))).error


def test_settings_that_want_columns_not_yet_read_wait_for_a_run_that_reads(tmp_path: Path) -> None:
    """A column was renamed at the source, and in the fields that use it."""
    rig = Workshop(tmp_path, columns=Workshop.columns("id", "name"))
    rig.express(fields={"id": "id", "label": "name"})
    rig.ok(whole([{"id": 1, "name": "Rex"}]))
    rig.sync = replace(rig.sync, columns=Workshop.columns("id", "version"))
    rig.express(fields={"id": "id", "label": "version::varchar"})
    assert not pipeline.update_before(rig.connection, Request(), rig.store)
    rig.ok(whole([{"id": 1, "version": 7}]))
    assert [row["label"] for row in rig.destination.rows.values()] == ["7"]
