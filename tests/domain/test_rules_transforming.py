"""What is made of rows before they are sent: R13 to R15, R25."""

from __future__ import annotations

from pathlib import Path

from syncline import RunStatus
from tests.domain.recipe import Row
from tests.domain.rig import ALL_AGAIN, FULL, pet, pets, whole
from tests.domain.workshop import Workshop, by_name, code, each_letter, workshop

TEN = range(1, 11)


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
