import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import inf, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sql import SqlDestination, SqlSource
from syncline import DataModel, Read
from syncline.conform import conform
from syncline.testing.changes import changeset
from syncline.testing.destination import AT
from tests.contracts.sqlite_file import ask, loaded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


@pytest.fixture
def destination(path: Path) -> SqlDestination:
    return SqlDestination(f"sqlite:///{path}")


KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "flag": (pa.bool_(), st.booleans()),
    "tiny": (pa.int8(), st.integers(-(2**7), 2**7 - 1)),
    "big": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "huge": (pa.uint64(), st.integers(0, 2**63 - 1)),
    "single": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "double": (pa.float64(), st.floats(allow_nan=False)),
    "money": (pa.decimal128(12, 2), st.decimals(-(10**9), 10**9, places=2)),
    "long": (pa.decimal128(38, 19), st.integers(-(10**38) + 1, 10**38 - 1).map(lambda n: Decimal(f"{n}e-19"))),
    "text": (pa.string(), st.text()),
    "raw": (pa.binary(), st.binary()),
    "day": (pa.date32(), st.dates()),
    "hour": (pa.time64("us"), st.times()),
    "local": (pa.timestamp("us"), st.datetimes()),
    "instant": (pa.timestamp("us", tz="UTC"), st.datetimes(timezones=st.just(UTC))),
}
EVERY = DataModel("EVERY", pa.schema({"id": pa.string(), **{name: kind for name, (kind, _) in KINDS.items()}}), ("id",))
ROW = st.fixed_dictionaries({"id": st.text(), **{name: st.none() | values for name, (_, values) in KINDS.items()}})


@settings(max_examples=40)
@given(rows=st.lists(ROW, max_size=8, unique_by=lambda row: row["id"]))
def test_what_is_loaded_is_read_back_as_it_was(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        destination = SqlDestination(f"sqlite:///{folder}/x.db")
        changes = changeset(EVERY, Path(folder), inserts=rows)
        assert loaded(destination, changes) == []
        source = SqlSource(destination.url)
        found = source.describe("pets")
        assert found is not None
        assert [
            (name, found.schema.field(name).type) for name in ("money", "long", "day", "hour", "local", "instant")
        ] == [(name, KINDS[name][0]) for name in ("money", "long", "day", "hour", "local", "instant")]
        batches = [batch.rows for batch in source.read(Read(EVERY, origin="pets")) if batch.rows is not None]
        there = [row for batch in batches for row in conform(batch, EVERY).rows.to_pylist()]
        sent = [row for batch in changes.upserts() for row in batch.to_pylist()]
        assert there == sorted(sent, key=lambda row: row["id"].encode())


def test_what_has_no_form_in_sqlite_is_rejected_by_name(
    destination: SqlDestination, path: Path, tmp_path: Path
) -> None:
    kinds = {"id": pa.int64(), "x": pa.float64(), "n": pa.uint64(), "day": pa.date32(), "at": pa.timestamp("us")}
    model = DataModel("M", pa.schema(kinds), ("id",))
    good = {"id": 0, "x": inf, "n": 2**63 - 1, "day": date(2020, 1, 1), "at": None}
    late_day = pa.scalar(3_000_000, pa.int32()).cast(pa.date32())
    bad = [{**good, "id": 1, "x": nan}, {**good, "id": 2, "n": 2**63}, {**good, "id": 3, "day": late_day}]
    bad.append({**good, "id": 4, "at": pa.scalar(10**18, pa.timestamp("us"))})
    rejected = loaded(destination, changeset(model, tmp_path, inserts=[good, *bad]))
    assert [item.key for item in rejected] == [{"id": place} for place in (1, 2, 3, 4)]
    assert [item.reason.partition(":")[0] for item in rejected] == ["`x`", "`n`", "`day`", "`at`"]
    assert ask(path, "SELECT id, x FROM pets") == [(0, inf)]


def test_keys_of_every_type_are_named_again_by_a_repeated_load(
    destination: SqlDestination, path: Path, tmp_path: Path
) -> None:
    key = {"a": date(2020, 1, 1), "b": Decimal("1.10"), "c": AT, "d": b"\0", "e": time(1, 2), "f": "é", "g": True}
    kinds = (pa.date32(), pa.decimal128(4, 2), pa.timestamp("us", tz="UTC"), pa.binary(), pa.time64("us"))
    schema = pa.schema(list(zip(key, (*kinds, pa.string(), pa.bool_()), strict=True)))
    model = DataModel("M", schema.append(pa.field("x", pa.float64())), tuple(key))
    changes = changeset(model, tmp_path, inserts=[{**key, "x": nan}])
    first = loaded(destination, changes)
    assert [item.key for item in first] == [key]
    assert loaded(destination, changes) == first
    assert json.loads(ask(path, "SELECT rejected FROM _syncline_plan")[0][0])[0][0]["b"] == "1.10"


def test_a_key_that_python_has_no_value_for_is_named_as_text(destination: SqlDestination, tmp_path: Path) -> None:
    model = DataModel("M", pa.schema({"day": pa.date32(), "n": pa.int64()}), ("day",))
    changes = changeset(model, tmp_path, inserts=[{"day": pa.scalar(3_000_000, pa.int32()).cast(pa.date32()), "n": 1}])
    first = loaded(destination, changes)
    assert [item.key for item in first] == [{"day": "10183-09-21"}]
    assert loaded(destination, changes) == first


def test_values_lie_in_the_forms_that_are_documented(destination: SqlDestination, path: Path, tmp_path: Path) -> None:
    row = {
        "id": "é",
        "flag": True,
        "long": Decimal("-1E-19"),
        "money": Decimal(5),
        "day": date(33, 4, 3),
        "hour": time(1, 2),
        "local": datetime(2020, 2, 29, 1, 2, 3, 40),  # noqa: DTZ001 - the column has no zone
        "instant": AT,
        "raw": b"\0",
    }
    loaded(destination, changeset(EVERY, tmp_path, inserts=[row]))
    [found] = ask(path, f"SELECT {', '.join(row)} FROM pets")
    assert dict(zip(row, found, strict=True)) == row | {
        "flag": 1,
        "long": "-0.0000000000000000001",
        "money": "5.00",
        "day": "0033-04-03",
        "hour": "01:02:00",
        "local": "2020-02-29 01:02:03.000040",
        "instant": "2026-01-31 12:30:00+00:00",
    }
