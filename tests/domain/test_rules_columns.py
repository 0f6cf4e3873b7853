"""What happens when the columns at the source change: R4, R5, R16 and Invariant 8."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncline import RunResult, snapshot
from syncline.changes import RowFile
from tests.domain.rig import ALL_AGAIN, Rig, Row, whole

ID, TEXT = pa.int64(), pa.string()


def columns(**kinds: pa.DataType) -> pa.Schema:
    return pa.schema(list(kinds.items()))


def files(rig: Rig) -> tuple[RowFile, ...]:
    return rig.head.snapshot.files


def test_files_of_before_and_after_a_new_column_are_read_together(tmp_path: Path) -> None:
    """R4: what the old ones have not is NULL, and is sent, for nobody knows what the destination holds there."""
    rig = Rig(tmp_path, columns=columns(id=ID, name=TEXT))
    rig.ok(whole([{"id": 1, "name": "Rex"}, {"id": 2, "name": "Tom"}]))
    rig.sync = replace(rig.sync, columns=columns(id=ID, age=ID, name=TEXT))
    rows: list[Row] = [{"id": 1, "age": None, "name": "Rex"}, {"id": 2, "age": 7, "name": "Tom"}]
    done = rig.ok(whole(rows))
    assert [file.columns for file in files(rig)] == [("id", "name"), ("id", "age", "name")]
    assert rig.rows(rig.head.snapshot) == rig.rows(rig.head.sent) == rows
    assert (done.counts.updated, rig.destination.rows[(2,)]) == (2, rows[1])


def test_a_dropped_column_is_dropped_and_changes_no_row(tmp_path: Path) -> None:
    """R4, Invariant 11."""
    rig = Rig(tmp_path, columns=columns(id=ID, age=ID, name=TEXT))
    rig.ok(whole([{"id": 1, "age": 7, "name": "Rex"}]))
    rig.sync = replace(rig.sync, columns=columns(id=ID, name=TEXT))
    assert rig.ok(whole([{"id": 1, "name": "Rex"}])).result is RunResult.NO_CHANGES
    assert rig.rows(rig.head.snapshot) == [{"id": 1, "name": "Rex"}]


def test_columns_in_another_order_are_the_same_rows(tmp_path: Path) -> None:
    """R16: columns have names, whatever their place."""
    rig = Rig(tmp_path, columns=columns(id=ID, name=TEXT, town=TEXT))
    rig.ok(whole([{"id": 1, "name": "Rex", "town": "Bath"}]))
    rig.sync = replace(rig.sync, columns=columns(town=TEXT, name=TEXT, id=ID))
    assert rig.ok().result is RunResult.NO_CHANGES
    assert rig.rows(rig.head.sent) == [{"town": "Bath", "name": "Rex", "id": 1}]


def test_columns_that_differ_in_case_only_are_two(tmp_path: Path) -> None:
    """R16."""
    rig = Rig(tmp_path, columns=columns(id=ID, Id=ID, ID=TEXT))
    rig.ok(whole([{"id": 1, "Id": 2, "ID": "x"}]))
    rig.ok(whole([{"id": 1, "Id": 3, "ID": "x"}]))
    assert rig.rows(rig.head.sent) == [{"id": 1, "Id": 3, "ID": "x"}]


def test_folding_keeps_the_columns_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R4."""
    monkeypatch.setattr(snapshot, "MOST_DELTAS", 0)
    rig = Rig(tmp_path, columns=columns(id=ID, name=TEXT))
    rig.ok(whole([{"id": 1, "name": "Rex"}]))
    rig.sync = replace(rig.sync, columns=columns(age=ID, id=ID))
    rig.ok(whole([{"id": 1, "age": None}, {"id": 2, "age": 7}]))
    (base,) = files(rig)
    assert base.columns == ("age", "id")
    assert rig.rows(rig.head.snapshot) == [{"age": None, "id": 1}, {"age": 7, "id": 2}]


def test_a_wider_type_is_read_as_such(tmp_path: Path) -> None:
    """R5: the next read is full, and nothing is lost."""
    rig = Rig(tmp_path, columns=columns(id=ID, age=pa.int8()))
    rig.ok(whole([{"id": 1, "age": 7}, {"id": 2, "age": 8}]))
    rig.sync = replace(rig.sync, columns=columns(id=ID, age=ID))
    rig.ok(whole([{"id": 1, "age": 7}, {"id": 2, "age": 2**40}]))
    assert rig.rows(rig.head.snapshot) == [{"id": 1, "age": 7}, {"id": 2, "age": 2**40}]
    assert rig.destination.rows[(2,)] == {"id": 2, "age": 2**40}


@pytest.mark.parametrize(
    ("was", "before", "kind", "after"),
    [
        (pa.float64(), 1.5, pa.int64(), 2),
        (pa.decimal128(12, 4), "1.2345", pa.decimal128(12, 2), Decimal("1.23")),
        (pa.string(), "01", pa.int64(), 1),
        (pa.timestamp("us"), "2020-01-01T10:00:00", pa.date32(), "2020-01-01"),
    ],
    ids=str,
)
def test_a_narrower_type_hides_no_change(
    tmp_path: Path, was: pa.DataType, before: Any, kind: pa.DataType, after: Any
) -> None:
    """Invariant 8, R5: the destination has another value than the source."""
    rig = Rig(tmp_path, columns=columns(id=ID, value=was))
    rig.ok(whole([{"id": 1, "value": before}]))
    rig.sync = replace(rig.sync, columns=columns(id=ID, value=kind))
    assert rig.ok(whole([{"id": 1, "value": after}])).counts.updated == 1


def test_a_row_that_does_not_fit_the_new_type_is_not_sent_as_null(tmp_path: Path) -> None:
    """Invariant 8, R3: it is rejected by name, and stays as it was."""
    rig = Rig(tmp_path, columns=columns(id=ID, age=TEXT))
    rig.ok(whole([{"id": 1, "age": "old"}]))
    rig.sync = replace(rig.sync, columns=columns(id=ID, age=ID))
    rig.ok(whole([{"id": 1, "age": "old"}]))
    rig.ok(request=ALL_AGAIN)
    assert rig.destination.rows[(1,)]["age"] == "old"


def test_a_key_of_another_type_is_refused(tmp_path: Path) -> None:
    """R5: rows that are there under another key would never go."""
    rig = Rig(tmp_path, columns=columns(id=TEXT, name=TEXT))
    rig.ok(whole([{"id": "a", "name": "Rex"}]))
    rig.sync = replace(rig.sync, columns=columns(id=ID, name=TEXT))
    assert "forget zoo PETS" in rig.run(whole([{"id": 1, "name": "Rex"}])).error
