"""What is made of all rows of a model together: R14."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncline import Limits
from tests.domain.rig import FULL, pet, pets, whole
from tests.domain.workshop import Workshop, code

TEN = range(1, 11)


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


def test_a_transform_that_makes_nothing_any_more_waits_however_few_rows_there_were(totals: Workshop) -> None:
    """R25: as an empty read does."""
    before = sums(totals)
    totals.express(function="made:totals", scope="model", key=("name",), filter="id > 99", folder=totals.folder.parent)
    totals.said = totals.switched_off
    totals.update()
    assert sums(totals) == before
    totals.approve()
    assert sums(totals) == {}


def test_a_full_run_of_a_transform_that_makes_nothing_any_more_waits(tmp_path: Path) -> None:
    there = [1]
    rig = Workshop(tmp_path)
    rig.make(lambda row: [code(row)] if there else [])
    rig.ok(whole(pets(1, 2)))
    there.clear()
    rig.ok(whole(pets(1, 2)), request=FULL)
    assert set(rig.made) == {"1", "2"}
    assert "makes nothing" in rig.reason("withheld")
