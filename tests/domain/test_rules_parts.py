"""Several parts in one model: which one holds a key, and what becomes of one that is missing. R7, R8, R11."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncline import Batch, ConfigError, Limits, Missing, Read, Request, RunResult, RunStatus, Source, TransientError
from syncline.pipeline import preview
from syncline.sources import Combined, Part, origin
from syncline.testing.memory import MemorySource
from tests.domain.rig import FULL, PETS, Rig, pet, pets, whole

Said = Sequence[Batch | BaseException]
FREE = Limits(deleted=1.0, rejected=1.0)
GONE = Missing("there is no file pets.csv")
DEAD = TransientError("the line is dead", retry_after=0.001)


class Parts(Rig):
    """The model PETS from two sources; `says` is what they answer."""

    def __init__(self, folder: Path, *parts: Part, **sync: Any) -> None:
        self.parts = parts or (Part("shop", "shop", "pet"), Part("erp", "erp", "tier"))
        super().__init__(folder, **{"origin": origin(self.parts), "limits": FREE, **sync})
        self.says: dict[str, Said] = {}
        self.read: list[tuple[str, Read]] = []
        self.source = self.combined()

    def combined(self) -> Combined:
        members: dict[str, Source] = {part.source: MemorySource(self.answering(part.source)) for part in self.parts}
        return Combined(members, {self.sync.origin: self.parts})

    def answering(self, name: str) -> Any:
        def answer(request: Read) -> Said:
            self.read.append((name, request))
            return self.says[name]

        return answer

    def both(self, shop: Said | Batch, erp: Said | Batch, request: Request = FULL) -> Any:
        says = {"shop": shop, "erp": erp}
        self.says = {name: [said] if isinstance(said, Batch) else said for name, said in says.items()}
        return self.run(request=request)


@pytest.mark.promise("P2.1")
@pytest.mark.promise("P2.2")
def test_a_model_is_made_of_all_its_parts(tmp_path: Path) -> None:
    """P2.1, P2.2."""
    rig = Parts(tmp_path)
    assert rig.both(whole(pets(1)), whole(pets(2))).error == ""
    assert set(rig.held) == {1, 2}
    assert [(name, request.origin) for name, request in rig.read] == [("shop", "pet"), ("erp", "tier")]
    assert rig.both(whole(pets(1)), whole(pets(2))).result is RunResult.NO_CHANGES


def test_each_part_has_a_cursor_of_its_own(tmp_path: Path) -> None:
    """R8."""
    rig = Parts(tmp_path, cursor="version")
    rig.both(whole(pets(1), cursor=5), [whole(pets(2), part="a", cursor=7), whole(pets(3), part="b", cursor=8)])
    assert rig.head.cursors == {"shop": 5, "erp/a": 7, "erp/b": 8}
    rig.read.clear()
    rig.both(Batch(), Batch(), Request())
    assert [request.since for _, request in rig.read] == [{"": 5}, {"a": 7, "b": 8}]


def test_late_rows_are_counted_by_the_cursor_of_their_part(tmp_path: Path) -> None:
    """R9."""
    rig = Parts(tmp_path, cursor="version")
    rig.both(whole([pet(1, version=5)], cursor=5), whole([pet(2, version=9)], cursor=9))
    done = rig.both(Batch(rows=[pet(3, version=7)]), Batch(rows=[pet(4, version=7)]), Request())
    assert done.counts.late == 1


def test_equal_rows_of_two_parts_are_one(tmp_path: Path) -> None:
    """R11."""
    rig = Parts(tmp_path)
    assert rig.both(whole(pets(1, 2)), whole(pets(2, 3))).result is RunResult.SUCCESS
    assert set(rig.held) == {1, 2, 3}
    assert rig.owed() == {}


def test_of_different_rows_that_of_the_earlier_part_holds_until_it_lets_go(tmp_path: Path) -> None:
    """R11, R7."""
    rig = Parts(tmp_path)
    done = rig.both(whole(pets(1, name="Shop")), whole(pets(1, 2, name="Erp")))
    assert (done.result, done.counts.rejected) == (RunResult.PARTIAL, 1)
    assert rig.held == {1: "Shop", 2: "Erp"}
    assert rig.owed() == {"outranked": [1]}
    assert rig.reason("outranked") == "part erp gives this key with other values than part shop, which comes before it"
    loads = rig.loads
    assert rig.both(whole(pets(1, name="Shop")), whole(pets(1, 2, name="Erp"))).counts.rejected == 1
    assert rig.loads == loads
    assert rig.both(whole([]), whole(pets(1, 2, name="Erp"))).result is RunResult.SUCCESS
    assert rig.held == {1: "Erp", 2: "Erp"}
    assert rig.owed() == {}


def test_an_incremental_read_of_the_later_part_does_not_take_over(tmp_path: Path) -> None:
    """R11: whichever was read last, the same row holds."""
    rig = Parts(tmp_path, cursor="version")
    rig.both(whole(pets(1, name="Shop"), cursor=1), whole(pets(1, name="Erp"), cursor=1))
    rig.both(Batch(), Batch(rows=pets(1, name="Newer"), cursor=2), Request())
    assert rig.held == {1: "Shop"}
    rig.both(Batch(deleted=[{"id": 1}], cursor=3), Batch(), Request())
    assert rig.held == {1: "Newer"}


@pytest.mark.parametrize("error", [GONE, DEAD])
@pytest.mark.parametrize("request_", [FULL, Request()])
def test_a_missing_part_stays_as_it_is_and_is_named(tmp_path: Path, error: BaseException, request_: Request) -> None:
    """R7, Invariant 3."""
    rig = Parts(tmp_path)
    rig.both(whole(pets(1, 2)), whole(pets(3, 4)))
    done = rig.both(whole(pets(2, 5)), [error], request_)
    assert (done.status, done.result) == (RunStatus.SUCCEEDED, RunResult.PARTIAL)
    assert done.error == f"part erp is missing this time: {error}"
    assert set(rig.held) == {2, 3, 4, 5}
    assert rig.owed() == {}
    assert rig.both(whole(pets(2, 5)), whole(pets(4))).error == ""
    assert set(rig.held) == {2, 4, 5}


def test_a_part_that_breaks_off_in_the_middle_is_not_merely_missing(tmp_path: Path) -> None:
    """R7: what came of it proves nothing, so the read is tried again as a whole."""
    rig = Parts(tmp_path)
    done = rig.both(whole(pets(1)), [Batch(rows=pets(2)), DEAD])
    assert done.status is RunStatus.FAILED
    assert rig.held == {}


def test_if_all_parts_are_missing_the_model_fails(tmp_path: Path) -> None:
    rig = Parts(tmp_path)
    rig.both(whole(pets(1)), whole(pets(2)))
    assert rig.both([GONE], [GONE]).status is RunStatus.FAILED
    assert set(rig.held) == {1, 2}


def test_a_part_missing_at_first_comes_whole_later(tmp_path: Path) -> None:
    """R8."""
    rig = Parts(tmp_path, cursor="version")
    rig.both(whole(pets(1), cursor=1), [GONE])
    rig.read.clear()
    rig.both(Batch(), Batch(rows=pets(2), cursor=1), Request())
    assert [request.since for _, request in rig.read] == [{"": 1}, {}]
    assert set(rig.held) == {1, 2}


def test_a_part_taken_out_of_the_file_is_gone(tmp_path: Path) -> None:
    """R7: who declares all parts knows that there are no others."""
    rig = Parts(tmp_path)
    rig.both(whole(pets(1)), whole(pets(2)))
    rig.parts = (Part("shop", "shop", "pet"),)
    rig.sync = Rig(tmp_path / "x", origin=origin(rig.parts), limits=FREE).sync
    rig.source = rig.combined()
    assert rig.ok(request=FULL).counts.deleted == 1
    assert set(rig.held) == {1}


def test_a_part_that_held_nothing_is_gone_as_well_once_it_is_taken_out(tmp_path: Path) -> None:
    """R7, R11: nothing of it is left to take the place of a row that goes."""
    rig = Parts(tmp_path)
    rig.both(whole([pet(1, "Ann"), pet(2)]), whole([pet(1, "Bob")]))
    rig.parts = (Part("shop", "shop", "pet"),)
    rig.sync = Rig(tmp_path / "x", origin=origin(rig.parts), limits=FREE).sync
    rig.source = rig.combined()
    rig.says["shop"] = [whole(pets(2))]
    done = rig.ok(request=FULL)
    assert (done.counts.deleted, done.counts.rejected) == (1, 0)
    assert set(rig.held) == {2}


def test_deletions_of_a_part_pass_the_limits(tmp_path: Path) -> None:
    """R25, Invariant 4."""
    rig = Parts(tmp_path, limits=Limits(at_least=3))
    rig.both(whole(pets(*range(10))), whole(pets(*range(10, 20))))
    done = rig.both(whole([]), whole(pets(*range(10, 20))))
    assert (done.result, done.counts.withheld) == (RunResult.PARTIAL, 10)
    assert len(rig.held) == 20
    rig.approve()
    assert set(rig.held) == set(range(10, 20))


def test_what_an_unproven_part_lacks_waits_and_an_approval_lets_the_next_part_in(tmp_path: Path) -> None:
    """R7, R26."""
    rig = Parts(tmp_path)
    rig.both(whole(pets(1, 2, name="Shop")), whole(pets(1, name="Erp")))
    rig.both(Batch(rows=[]), whole(pets(1, name="Erp")))
    assert rig.held == {1: "Shop", 2: "Shop"}
    assert rig.owed() == {"absent": [1, 2], "outranked": [1]}
    rig.approve()
    assert rig.held == {1: "Erp"}
    assert rig.owed() == {}


def test_a_plan_tells_what_is_missing_and_what_does_not_hold(tmp_path: Path) -> None:
    """P6.3."""
    rig = Parts(tmp_path, Part("shop", "shop", "a"), Part("erp", "erp", "b"), Part("crm", "crm", "c"))
    rig.says = {"shop": [whole(pets(1))], "erp": [whole(pets(1, 2, name="Erp"))], "crm": [GONE]}
    with preview(rig.connection, FULL, rig.store, rig.storage) as (shown,):
        assert shown.missing == {"crm": str(GONE)}
        assert shown.rejected == ("part erp gives this key with other values than part shop, which comes before it",)
        assert shown.changes is not None
        assert len(shown.changes) == 2


def test_many_rows_that_do_not_hold_stop_the_run(tmp_path: Path) -> None:
    """R11."""
    rig = Parts(tmp_path, limits=Limits())
    done = rig.both(whole(pets(*range(20))), whole(pets(*range(20), name="Erp")))
    assert "20 of 40 rows (50.0%) of model PETS are rejected" in done.error
    assert rig.held == {}


@pytest.mark.promise("P2.15")
def test_attributes_reach_the_source_and_fill_columns_and_keys(tmp_path: Path) -> None:
    """P2.15."""
    parts = (
        Part("oslo", "shop", "a", {"site": "Oslo", "spatial_root": True}),
        Part("rome", "erp", "b", {"site": "Rome", "level": 2}),
    )
    columns = pa.schema([*PETS, ("site", pa.string()), ("level", pa.int8())])
    parts[0].attributes["level"] = 1  # type: ignore[index]
    rig = Parts(tmp_path, *parts, key=("site", "id"), columns=columns)
    table = pa.table({"id": [1], "name": ["Rex"], "version": [1]})
    assert rig.both(whole(table), whole({"id": [1, None], "name": ["Tim", "X"], "version": [1, 1]})).error == ""
    held = {key: (row["name"], row["level"]) for key, row in rig.destination.rows.items()}
    assert held == {("Oslo", 1): ("Rex", 1), ("Rome", 1): ("Tim", 2)}
    assert rig.read[0][1].attributes == {"site": "Oslo", "spatial_root": True, "level": 1}
    assert rig.read[0][1].model.schema.names == ["id", "name", "version"]
    assert rig.read[0][1].model.key == ("id",)


def test_an_attribute_that_does_not_fit_its_column_is_told(tmp_path: Path) -> None:
    rig = Parts(tmp_path, Part("shop", "shop", "a", {"version": "many"}))
    rig.says = {"shop": [whole(pets(1))]}
    assert "an attribute: `version`: 'many'" in rig.run().error


def test_a_source_that_reads_no_files_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MemorySource reads no files"):
        MemorySource(lambda _: []).handed(tmp_path)


@pytest.mark.promise("P2.28")
def test_a_row_that_only_comes_from_another_part_is_nothing_to_tell_the_destination(tmp_path: Path) -> None:
    """Invariant 11: what it is has not changed."""
    rig = Parts(tmp_path)
    rig.both(whole(pets(1, 2)), whole(pets(3)))
    loads = rig.loads
    moved = rig.both(whole(pets(2)), whole(pets(1, 3)))
    assert (rig.loads, moved.result) == (loads, RunResult.NO_CHANGES)
    changed = rig.both(whole([]), whole([pet(2, "Tom"), *pets(1, 3)]))
    assert changed.counts.updated == 1
    assert rig.held == {1: "Rex", 2: "Tom", 3: "Rex"}
    gone = rig.both(whole([]), whole(pets(3)))
    assert (gone.counts.deleted, set(rig.held)) == (2, {3})
