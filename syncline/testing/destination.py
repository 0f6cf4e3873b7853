"""What a destination must hold, as tests; say how to look into yours, and the tests come with the class."""
# ruff: noqa: D102, PLR2004 - a test's name is its sentence, its numbers are the expectation

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncline.changes import Changeset
from syncline.connector import Destination, Load, Target
from syncline.errors import LeaseLost
from syncline.model import DataModel, Rejection
from syncline.testing.changes import changeset

PETS = DataModel("PETS", pa.schema({"id": pa.int64(), "name": pa.string(), "weight": pa.decimal128(12, 2)}), ("id",))
WEIGHT = Decimal("1.50")
REX, MIA, PIP = ({"id": place, "name": name, "weight": WEIGHT} for place, name in enumerate(("Rex", "Mia", "Pip"), 1))
AT = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


class DestinationContract(ABC):
    """What every destination must hold (R12, R19-R22). A test class takes it on and says how to look into it."""

    @abstractmethod
    @pytest.fixture
    def destination(self) -> Destination:
        """The destination, with nothing in it."""

    @abstractmethod
    def rows(self, destination: Destination, model: DataModel, target: Target) -> pa.Table:
        """The rows of the model that are there now, in any order, without those that are marked as deleted."""

    @abstractmethod
    def refuse(self, destination: Destination, target: Target, name: str) -> None:
        """Have the destination refuse rows with this `name` from now on."""

    def loaded(self, destination: Destination, changes: Changeset, **settings: Any) -> list[Rejection]:
        """Prepare and load these changes."""
        asked = replace(request(changes), **settings)
        destination.prepare(changes.model, asked.target)
        return destination.load(asked)

    def ids(self, destination: Destination, target: Target = Target("pets")) -> list[int]:  # noqa: B008 - it is frozen
        """The keys that are there."""
        return sorted(self.rows(destination, PETS, target)["id"].to_pylist())

    def test_rows_are_inserted_updated_and_deleted(self, destination: Destination, tmp_path: Path) -> None:
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]))
        fat = {**REX, "weight": Decimal("99.00")}
        changes = changeset(PETS, tmp_path, inserts=[PIP], updates=[(REX, fat)], deletes=[MIA])
        assert self.loaded(destination, changes, plan="2") == []
        assert by_id(self.rows(destination, PETS, Target("pets"))) == [fat, PIP]

    def test_loading_a_plan_twice_equals_loading_it_once(self, destination: Destination, tmp_path: Path) -> None:
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]), plan="1")
        changes = changeset(PETS, tmp_path, updates=[(REX, {**REX, "name": "Rexy"})], deletes=[MIA])
        first = self.loaded(destination, changes, plan="2")
        before = by_id(self.rows(destination, PETS, Target("pets")))
        assert self.loaded(destination, changes, plan="2", fence=9) == first  # Invariant 5
        assert by_id(self.rows(destination, PETS, Target("pets"))) == before

    def test_a_plan_noted_at_the_destination_is_not_applied_again(
        self, destination: Destination, tmp_path: Path
    ) -> None:
        if destination.idempotent != "plan":
            pytest.skip("this destination does not note plans")
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]), plan="1")
        other = changeset(PETS, tmp_path, inserts=[MIA])
        self.loaded(destination, other, plan="1")
        assert self.ids(destination) == [1]  # R20
        self.loaded(destination, other, plan="1", scope="t/c/OTHERS")
        assert self.ids(destination) == [1, 2]

    def test_deleting_what_is_gone_is_done(self, destination: Destination, tmp_path: Path) -> None:
        assert self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX], deletes=[MIA])) == []
        assert self.ids(destination) == [1]

    def test_inserting_what_is_there_updates_it(self, destination: Destination, tmp_path: Path) -> None:
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
        assert self.loaded(destination, changeset(PETS, tmp_path, inserts=[{**REX, "name": "Max"}]), plan="2") == []
        assert self.rows(destination, PETS, Target("pets"))["name"].to_pylist() == ["Max"]

    def test_an_empty_changeset_changes_nothing(self, destination: Destination, tmp_path: Path) -> None:
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
        assert self.loaded(destination, changeset(PETS, tmp_path), plan="2") == []
        assert self.ids(destination) == [1]

    def test_a_lower_fence_is_refused_and_changes_nothing(self, destination: Destination, tmp_path: Path) -> None:
        if destination.idempotent != "plan":
            pytest.skip("this destination is not fenced")
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]), fence=5)
        with pytest.raises(LeaseLost):
            self.loaded(destination, changeset(PETS, tmp_path, inserts=[MIA]), plan="2", fence=4)  # R21
        assert self.ids(destination) == [1]
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[MIA]), plan="2", fence=5)
        assert self.ids(destination) == [1, 2]

    def test_a_plan_loaded_again_by_a_later_run_shuts_the_earlier_one_out(
        self, destination: Destination, tmp_path: Path
    ) -> None:
        if destination.idempotent != "plan":
            pytest.skip("this destination is not fenced")
        changes = changeset(PETS, tmp_path, inserts=[REX])
        self.loaded(destination, changes, fence=5)
        self.loaded(destination, changes, fence=6)
        with pytest.raises(LeaseLost):
            self.loaded(destination, changes, plan="2", fence=5)

    def test_refused_rows_are_named_and_the_others_go_in(self, destination: Destination, tmp_path: Path) -> None:
        self.loaded(destination, changeset(PETS, tmp_path))
        self.refuse(destination, Target("pets"), "Mia")
        many = [{"id": place, "name": "Mia" if place in (3, 77) else "Rex", "weight": None} for place in range(100)]
        changes = changeset(PETS, tmp_path, inserts=many)
        rejected = self.loaded(destination, changes, plan="2")
        assert sorted(str(item.key) for item in rejected) == ["{'id': 3}", "{'id': 77}"]  # R19
        assert all(item.reason for item in rejected)
        assert self.ids(destination) == [place for place in range(100) if place not in (3, 77)]
        assert self.loaded(destination, changes, plan="2") == rejected  # R20

    def test_an_update_that_is_refused_leaves_the_row_as_it_was(self, destination: Destination, tmp_path: Path) -> None:
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX, PIP]))
        self.refuse(destination, Target("pets"), "Mia")
        changes = changeset(PETS, tmp_path, updates=[(REX, {**REX, "name": "Mia"}), (PIP, {**PIP, "name": "Pipa"})])
        assert [item.key for item in self.loaded(destination, changes, plan="2")] == [{"id": 1}]
        assert by_id(self.rows(destination, PETS, Target("pets"))) == [REX, {**PIP, "name": "Pipa"}]

    def test_softly_deleted_rows_are_marked_and_come_back(self, destination: Destination, tmp_path: Path) -> None:
        soft = Target("pets", on_delete="soft")
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]), target=soft)
        self.loaded(destination, changeset(PETS, tmp_path, deletes=[MIA]), target=soft, plan="2")
        assert self.ids(destination, soft) == [1]
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[MIA]), target=soft, plan="3")
        assert self.ids(destination, soft) == [1, 2]  # R12

    def test_a_softly_deleted_row_comes_back_however_rows_are_deleted_now(
        self, destination: Destination, tmp_path: Path
    ) -> None:
        soft = Target("pets", on_delete="soft")
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]), target=soft)
        self.loaded(destination, changeset(PETS, tmp_path, deletes=[MIA]), target=soft, plan="2")
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[MIA]), plan="3")
        assert self.ids(destination, soft) == [1, 2]  # R12

    def test_ignored_deletes_leave_the_row(self, destination: Destination, tmp_path: Path) -> None:
        ignore = Target("pets", on_delete="ignore")
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]), target=ignore)
        self.loaded(destination, changeset(PETS, tmp_path, deletes=[REX]), target=ignore, plan="2")
        assert self.ids(destination, ignore) == [1]

    def test_connections_that_share_a_table_keep_their_rows_apart(
        self, destination: Destination, tmp_path: Path
    ) -> None:
        shared = Target("pets", shared=True)
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]), target=shared, scope="t/eu/PETS")
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]), target=shared, scope="t/us/PETS")
        assert self.ids(destination, shared) == [1, 1, 2]  # R23
        self.loaded(destination, changeset(PETS, tmp_path, deletes=[REX]), target=shared, scope="t/eu/PETS", plan="2")
        assert self.ids(destination, shared) == [1, 2]

    def test_columns_that_are_new_are_added(self, destination: Destination, tmp_path: Path) -> None:
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
        model = DataModel("PETS", PETS.schema.append(pa.field("born", pa.date32())), ("id",))
        born = {**MIA, "born": date(2020, 2, 29)}
        self.loaded(destination, changeset(model, tmp_path, inserts=[born]), plan="2")
        assert by_id(self.rows(destination, model, Target("pets"))) == [{**REX, "born": None}, born]

    def test_preparing_twice_is_harmless_and_leaves_no_problems(self, destination: Destination, tmp_path: Path) -> None:
        assert destination.problems(PETS, Target("pets")) == []
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
        destination.prepare(PETS, Target("pets"))
        assert destination.problems(PETS, Target("pets")) == []
        destination.check()
        assert self.ids(destination) == [1]

    def test_a_key_of_several_columns_and_every_type_arrives_as_it_was(
        self, destination: Destination, tmp_path: Path
    ) -> None:
        rows = [dict(zip(EVERY.schema.names, values, strict=True)) for values in EVERY_ROW]
        target = Target("Every Thing")
        assert self.loaded(destination, changeset(EVERY, tmp_path, inserts=rows), target=target) == []
        there = self.rows(destination, EVERY, target).to_pylist()
        assert sorted(there, key=lambda row: str(row["who"])) == sorted(rows, key=lambda row: str(row["who"]))  # R34
        changes = changeset(EVERY, tmp_path, deletes=rows)
        assert self.loaded(destination, changes, target=target, plan="2") == []
        assert len(self.rows(destination, EVERY, target)) == 0

    def test_a_load_that_breaks_off_can_be_repeated(self, destination: Destination, tmp_path: Path) -> None:
        self.loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
        many = [{"id": place, "name": "Mia", "weight": None} for place in range(10, 30_000)]
        changes = changeset(PETS, tmp_path, inserts=many, deletes=[REX])
        with pytest.raises(KeyboardInterrupt):
            self.loaded(destination, changes, plan="2", progress=_break_off)
        if destination.idempotent == "plan":
            assert self.ids(destination) == [1]
        assert self.loaded(destination, changes, plan="2") == []
        assert self.ids(destination) == list(range(10, 30_000))

    def test_progress_counts_every_row(self, destination: Destination, tmp_path: Path) -> None:
        told: list[int] = []
        many = [{"id": place, "name": "Rex", "weight": None} for place in range(20_000)]
        changes = changeset(PETS, tmp_path, inserts=many, deletes=[{"id": 30_000}])
        self.loaded(destination, changes, progress=told.append)
        assert sum(told) == 20_001


def request(changes: Changeset) -> Load:
    """The first plan of a connection."""
    return Load(changes.model, changes, Target("pets"), plan="1", scope="t/c/PETS", fence=1, at=AT)


def _break_off(rows: int) -> None:
    """Whoever watches has seen enough; not before some rows are in."""
    if rows > 1:
        raise KeyboardInterrupt


def by_id(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows in the order of their key."""
    return sorted(rows.to_pylist(), key=lambda row: row["id"])


EVERY = DataModel(
    "EVERY",
    pa.schema(
        {
            "who": pa.string(),
            "what": pa.int64(),
            'say "it"': pa.bool_(),
            "select": pa.float64(),
            "price": pa.decimal128(38, 10),
            "day": pa.date32(),
            "hour": pa.time64("us"),
            "local": pa.timestamp("us"),
            "instant": pa.timestamp("us", tz="UTC"),
            "raw": pa.binary(),
        }
    ),
    ("who", "what"),
)
_WORDS = "Zürich 東京 🐈\u200d⬛ '\"`;--%:x ?"
_LONG = Decimal("1234567890123456789012345678.0000000001")
_LOCAL = datetime(2024, 2, 29, 23, 59, 59, 999999)  # noqa: DTZ001 - the column has no zone
EVERY_ROW: Sequence[tuple[Any, ...]] = (
    ("a", 2**63 - 1, True, 0.1, Decimal("-1E-10"), date(1, 1, 1), time(0), _LOCAL, AT, b"\0\xff"),
    ("z", -5, False, -1e300, _LONG, date(9999, 12, 31), time(23, 59, 59, 999999), datetime(1, 1, 1), AT, b""),  # noqa: DTZ001
    (_WORDS, 0, None, None, None, None, None, None, None, None),
)
