"""What is made of rows before they are sent: R13 to R15, and settings that change, R5 and R25."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncline import Batch, Limits, Read, Request, RunStatus, RunType, Target, TransientError, pipeline
from syncline.run import ModelRun
from syncline.transform import Transform
from tests.domain.recipe import Recipe, Row
from tests.domain.rig import ALL_AGAIN, FULL, Rig, pet, pets, whole

UPDATE = Request(update=True)
TEN = range(1, 11)


class Workshop(Rig):
    """A rig whose rows are made into others; `held` shows code -> value."""

    def make(self, made: Callable[[Row], list[Row]], name: str = "") -> None:
        """Other settings from now on."""
        self.sync = replace(self.sync, transform=Recipe(name=name or repr(made), make_of=made))

    def express(self, **transform: Any) -> None:
        self.sync = replace(self.sync, transform=Transform(**transform))

    @property
    def made(self) -> dict[Any, Any]:
        return {key[0]: row["value"] for key, row in self.destination.rows.items()}

    def switched_off(self, request: Read) -> list[Batch]:
        raise AssertionError("the source was asked")

    def update(self) -> ModelRun:
        self.said = self.switched_off
        return self.ok(request=UPDATE)


def code(row: Row, code: object = None, value: object = None) -> Row:
    return {"code": str(code or row["id"]), "value": row["version"] if value is None else value}


def by_name(row: Row) -> list[Row]:
    return [code(row, row["name"])]


def each_letter(row: Row) -> list[Row]:
    return [code(row, f"{row['id']}{letter}") for letter in row["name"]]


def workshop(folder: Path, made: Callable[[Row], list[Row]], *rows: Row, **sync: Any) -> Workshop:
    rig = Workshop(folder, **sync)
    rig.make(made)
    rig.ok(whole(rows))
    return rig


def test_fields_are_the_whole_row_that_is_sent(tmp_path: Path) -> None:
    """R15: the key is plainly renamed."""
    rig = Workshop(tmp_path)
    rig.express(fields={"number": "id", "label": "upper(name) || '!'"})
    rig.ok(whole(pets(1, 2)))
    assert list(rig.destination.rows.values()) == [
        {"number": 1, "label": "REX!"},
        {"number": 2, "label": "REX!"},
    ]


def test_a_row_that_no_longer_passes_the_filter_goes(tmp_path: Path) -> None:
    """P6.12."""
    rig = Workshop(tmp_path)
    rig.express(filter="name <> 'Tom'")
    rig.ok(whole(pets(1, 2, 3)))
    assert rig.ok(whole([pet(1), pet(2, "Tom"), pet(3)])).counts.deleted == 1
    assert set(rig.held) == {1, 3}
    rig.ok(whole([pet(1), pet(2, "Rex"), pet(3)]))
    assert set(rig.held) == {1, 2, 3}


def test_what_had_another_key_before_goes(tmp_path: Path) -> None:
    """P6.12, R13: it is found by its row at the source, whatever the transform says now."""
    rig = workshop(tmp_path, by_name, pet(1, "Ada"), pet(2, "Bob"))
    done = rig.ok(whole([pet(1, "Eve"), pet(2, "Bob")]))
    assert rig.made == {"Eve": 1, "Bob": 1}
    assert (done.counts.inserted, done.counts.updated, done.counts.deleted) == (1, 0, 1)


def test_of_one_row_several_are_made_or_none(tmp_path: Path) -> None:
    rig = workshop(tmp_path, each_letter, pet(1, "ab"), pet(2, "c"), pet(3, ""))
    assert set(rig.made) == {"1a", "1b", "2c"}
    rig.ok(whole([pet(1, "b"), pet(2, "cd"), pet(3, "e")]))
    assert set(rig.made) == {"1b", "2c", "2d", "3e"}


def test_two_rows_want_one_key_and_the_first_keeps_it_until_it_lets_go(tmp_path: Path) -> None:
    """R14."""
    rig = workshop(tmp_path, by_name, pet(2, "Ada", 2))
    done = rig.ok(whole([pet(1, "Ada", 1), pet(2, "Ada", 2)]))
    assert rig.made == {"Ada": 2}
    assert rig.owed() == {"failed": [1]}
    assert "another row" in rig.reason("failed")
    assert done.result == "partial"
    assert rig.ok(whole([pet(1, "Ada", 1), pet(2, "Ada", 3)])).counts.updated == 1
    rig.ok(whole([pet(1, "Ada", 1), pet(2, "Bob", 4)]))
    assert rig.made == {"Ada": 1, "Bob": 4}
    assert rig.owed() == {}


def test_two_rows_exchange_their_keys(tmp_path: Path) -> None:
    """Neither is in the other's way: both let go."""
    rig = workshop(tmp_path, by_name, pet(1, "Ada", 1), pet(2, "Bob", 2))
    done = rig.ok(whole([pet(1, "Bob", 1), pet(2, "Ada", 2)]))
    assert rig.made == {"Bob": 1, "Ada": 2}
    assert (done.counts.updated, done.counts.deleted) == (2, 0)


def test_a_row_that_the_transform_fails_on_keeps_what_was_sent_and_is_tried_again(tmp_path: Path) -> None:
    """R2, Invariant 9."""

    def made(row: Row) -> list[Row]:
        if row["name"] == "?":
            raise ValueError(f"'{row['id']}' has no name")
        return [code(row)]

    rig = workshop(tmp_path, made, pet(1), pet(2))
    rig.ok(whole([pet(1, "?", 2), pet(2, "Rex", 2)]))
    assert rig.made == {"1": 1, "2": 2}
    assert rig.owed() == {"failed": [1]}
    assert "has no name" in rig.reason("failed")
    rig.ok(whole([pet(1, "Rex", 3), pet(2, "Rex", 2)]))
    assert rig.made == {"1": 3, "2": 2}
    assert not rig.store.entries("zoo")


def test_a_failing_row_that_is_gone_goes(tmp_path: Path) -> None:
    def made(row: Row) -> list[Row]:
        if row["name"] == "?":
            raise ValueError("no name")
        return [code(row)]

    rig = workshop(tmp_path, made, pet(1), pet(2))
    rig.ok(whole([pet(1, "?"), pet(2)]))
    rig.ok(whole([pet(2)]))
    assert rig.made == {"2": 1}
    assert rig.owed() == {}


def test_over_the_limit_of_failures_nothing_is_sent(tmp_path: Path) -> None:
    """R11: the transform is wrong, not the rows; rows known to fail do not count again."""

    def made(row: Row) -> list[Row]:
        if row["name"] == "?":
            raise ValueError("no name")
        return [code(row)]

    rig = workshop(tmp_path, made, *pets(*TEN))
    failed = rig.run(whole([*pets(*range(1, 9), name="Tom"), pet(9, "?", 2), pet(10, "?", 2)]))
    assert failed.status is RunStatus.FAILED
    assert "no name" in failed.error
    assert rig.made == {str(i): 1 for i in TEN}


def test_rows_known_to_fail_do_not_stop_a_run(tmp_path: Path) -> None:
    def made(row: Row) -> list[Row]:
        if row["name"] == "?":
            raise ValueError("no name")
        return [code(row)]

    rig = workshop(tmp_path, made, *pets(*range(11, 100)), *(pet(i, "?") for i in range(1, 10)))
    assert len(rig.owed()["failed"]) == 9
    rig.ok(whole([*pets(*range(11, 101)), *(pet(i, "?") for i in range(1, 10))]))
    assert "100" in rig.made


def test_a_move_over_the_limit_waits_with_both_halves(tmp_path: Path) -> None:
    """R25."""
    rig = workshop(tmp_path, by_name, *(pet(i, f"a{i}") for i in TEN))
    rig.ok(whole([*(pet(i, f"b{i}") for i in range(1, 6)), *(pet(i, f"a{i}") for i in range(6, 11)), pet(11, "new")]))
    assert set(rig.made) == {*(f"a{i}" for i in TEN), "new"}
    assert rig.owed() == {"withheld": [1, 2, 3, 4, 5]}
    rig.approve()
    assert set(rig.made) == {*(f"b{i}" for i in range(1, 6)), *(f"a{i}" for i in range(6, 11)), "new"}
    assert rig.owed() == {}


def test_a_refused_row_is_owed_by_its_row_at_the_source(tmp_path: Path) -> None:
    """R2, R19: what was sent of it is known, so the rest of it goes on."""
    rig = Workshop(tmp_path)
    rig.make(each_letter)
    rig.destination.refused.add(("1b",))
    rig.ok(whole([pet(1, "ab"), pet(2, "b")]))
    assert set(rig.made) == {"1a", "2b"}
    assert rig.owed() == {"refused": [1]}
    rig.destination.refused.clear()
    done = rig.ok(whole([pet(1, "ab"), pet(2, "b")]))
    assert set(rig.made) == {"1a", "1b", "2b"}
    assert (done.counts.inserted, rig.owed()) == (1, {})


def test_a_changed_transform_is_carried_out_without_the_source(tmp_path: Path) -> None:
    """R5, P4.11."""
    rig = workshop(tmp_path, lambda row: [code(row)], *pets(1, 2, 3))
    rig.make(lambda row: [code(row, value=row["id"] * 10)] if row["id"] > 1 else [], "v2")
    assert pipeline.lagging(rig.connection, Request(), rig.store)
    rig.said = rig.switched_off
    run = pipeline.update(rig.connection, Request(), rig.store, rig.storage)
    assert run is not None
    assert run.type is RunType.CONFIGURATION
    assert rig.made == {"2": 20, "3": 30}
    counts = run.models[0].counts
    assert (counts.read, counts.updated, counts.deleted) == (0, 2, 1)
    assert pipeline.update(rig.connection, Request(), rig.store, rig.storage) is None


def test_nothing_lags_without_a_change(tmp_path: Path) -> None:
    rig = workshop(tmp_path, by_name, pet(1))
    assert not pipeline.lagging(rig.connection, Request(), rig.store)
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


def test_a_full_run_makes_everything_anew(tmp_path: Path) -> None:
    """A lookup that the transform uses has changed, which no fingerprint tells."""
    prices = {1: 10}
    rig = workshop(tmp_path, lambda row: [code(row, value=prices[row["id"]])], pet(1))
    prices[1] = 11
    assert rig.ok(whole([pet(1)])).result == "no_changes"
    rig.ok(whole([pet(1)]), request=FULL)
    assert rig.made == {"1": 11}


def test_everything_is_sent_again_when_that_is_asked(tmp_path: Path) -> None:
    rig = workshop(tmp_path, by_name, pet(1, "a"), pet(2, "b"))
    rig.destination.rows.clear()
    assert rig.ok(whole([pet(1, "a"), pet(2, "b")]), request=ALL_AGAIN).counts.updated == 2
    assert set(rig.made) == {"a", "b"}


def test_nothing_changed_nothing_is_made(tmp_path: Path) -> None:
    """Invariant 11."""
    calls: list[Row] = []

    def made(row: Row) -> list[Row]:
        calls.append(row)
        return [code(row)]

    rig = workshop(tmp_path, made, *pets(1, 2, 3))
    calls.clear()
    rig.ok(whole(pets(1, 2, 3)))
    assert not calls
    rig.ok(whole([pet(1, "Tom"), *pets(2, 3)]))
    assert [row["id"] for row in calls] == [1]


def test_a_read_that_breaks_off_does_not_keep_settings_from_being_carried_out(tmp_path: Path) -> None:
    rig = workshop(tmp_path, lambda row: [code(row)], pet(1))
    rig.make(lambda row: [code(row, value=9)], "v2")
    rig.said = [TransientError("the line is dead")]
    pipeline.update(rig.connection, Request(), rig.store, rig.storage)
    assert rig.made == {"1": 9}


TOTALS = """
import pyarrow as pa

def totals(rows: pa.Table) -> pa.Table:
    return rows.group_by("name").aggregate([("version", "sum")]).rename_columns(["name", "sum"])
"""


@pytest.fixture
def totals(tmp_path: Path) -> Workshop:
    (tmp_path / "made.py").write_text(TOTALS)
    rig = Workshop(tmp_path / "rig")
    rig.express(function="made:totals", scope="model", key=("name",), folder=tmp_path)
    rig.ok(whole([pet(1, "Rex", 2), pet(2, "Tom", 3), pet(3, "Rex", 5)]))
    return rig


def sums(rig: Workshop) -> dict[Any, Any]:
    return {key[0]: row["sum"] for key, row in rig.destination.rows.items()}


def test_what_is_made_of_all_rows_is_compared_with_all_that_was_sent(totals: Workshop) -> None:
    """R14."""
    assert sums(totals) == {"Rex": 7, "Tom": 3}
    done = totals.ok(whole([pet(1, "Rex", 2), pet(2, "Tim", 3), pet(3, "Rex", 6)]))
    assert sums(totals) == {"Rex": 8, "Tim": 3}
    assert (done.counts.inserted, done.counts.updated, done.counts.deleted) == (1, 1, 1)
    loads = totals.loads
    totals.ok(whole([pet(1, "Rex", 3), pet(2, "Tim", 3), pet(3, "Rex", 5)]))
    assert totals.loads == loads  # other rows, the same sums


def test_of_what_is_made_of_all_rows_one_can_be_refused(totals: Workshop) -> None:
    totals.destination.refused.add(("Kit",))
    totals.ok(whole([pet(1, "Rex", 2), pet(2, "Kit", 3), pet(3, "Rex", 5)]))
    assert sums(totals) == {"Rex": 7}
    (entry,) = totals.store.entries("zoo")
    assert (entry.kind, entry.count, entry.sample) == ("refused", 1, ("Kit",))
    totals.destination.refused.clear()
    totals.ok(whole([pet(1, "Rex", 2), pet(2, "Kit", 3), pet(3, "Rex", 5)]))
    assert sums(totals) == {"Rex": 7, "Kit": 3}
    assert not totals.store.entries("zoo")


def test_deletions_of_what_is_made_of_all_rows_wait_and_can_be_let_go(totals: Workshop) -> None:
    totals.sync = replace(totals.sync, limits=Limits(deleted=0.1, at_least=1))
    totals.ok(whole([pet(1, "Rex", 2), pet(3, "Rex", 6)]))
    assert sums(totals) == {"Rex": 8, "Tom": 3}
    (entry,) = totals.store.entries("zoo")
    assert (entry.kind, entry.sample) == ("withheld", ("Tom",))
    totals.approve()
    assert sums(totals) == {"Rex": 8}
    assert not totals.store.entries("zoo")
