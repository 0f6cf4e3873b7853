import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.sql import SqlSource
from connectors.sql.sqlite_reader import since
from syncline import DataModel, Read, SyncMode
from syncline.testing.source import Reading
from tests.contracts.sqlite_file import TABLE, execute

BY_BOTH_DRIVERS = pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@BY_BOTH_DRIVERS
@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.string()], ids=str)
@pytest.mark.parametrize(
    ("highest", "later"),
    [
        ("2026-01-05T09:00:00", "2026-01-05 10:00:00"),
        ("2026-01-05T09:00:00+02:00", "2026-01-05T08:00:00Z"),
        ("2026-01-05T01:00:00+05:00", "2026-01-04T21:00:00+00:00"),
        ("2026-01-05 09:00:00.500000", "2026-01-05 09:00:00"),
        ("2026-01-05 09:00:30", "2026-01-05 09:00"),
        ("2026-01-05 09:00", "2026-01-05"),
    ],
)
def test_a_time_written_in_another_style_is_not_missed(
    path: Path, scheme: str, kind: pa.DataType, highest: str, later: str
) -> None:
    old = highest.replace("2026", "2025")
    execute(path, TABLE, pets=[(1, "a", highest, b""), (2, "b", old, b""), (3, "c", old, b"")])
    model = DataModel("pets", pa.schema({"id": pa.int64(), "updated_at": kind}), ("id",))
    source = SqlSource(f"{scheme}:///{path}")
    [batch] = source.read(Read(model, origin="pets", cursor_field="updated_at"))
    execute(path, f"UPDATE pets SET updated_at = '{later}' WHERE id = 2")
    asked = Read(model, SyncMode.INCREMENTAL, "pets", "updated_at", {"": batch.cursor})
    given = [id for batch in source.read(asked) if batch.rows is not None for id in batch.rows["id"]]
    assert given == [1, 2]


@BY_BOTH_DRIVERS
def test_beside_a_cursor_that_is_no_time_everything_is_read(path: Path, scheme: str) -> None:
    execute(path, TABLE, pets=[(1, "a", "unknown", b""), (2, "b", "2026-01-05 09:00:00", b"")])
    model = DataModel("pets", pa.schema({"id": pa.int64(), "updated_at": pa.timestamp("us")}), ("id",))
    asked = Read(model, SyncMode.INCREMENTAL, "pets", "updated_at", {"": "unknown"})
    given = [batch.rows["id"] for batch in SqlSource(f"{scheme}:///{path}").read(asked) if batch.rows is not None]
    assert given == [[1, 2]]


@BY_BOTH_DRIVERS
def test_times_of_one_style_are_read_from_the_cursor_on_alone(path: Path, scheme: str) -> None:
    days = [(day, "a", f"2026-01-05T0{day}:00:00", b"") for day in range(1, 9)]
    execute(path, TABLE, pets=[*days, (9, "a", 20260105, b""), (10, "a", None, b"")])
    model = DataModel("pets", pa.schema({"id": pa.int64(), "updated_at": pa.string()}), ("id",))
    asked = Read(model, SyncMode.INCREMENTAL, "pets", "updated_at", {"": "2026-01-05T07:00:00"})
    batches = SqlSource(f"{scheme}:///{path}").read(asked)
    assert Reading.of(batches, model).ids == [7, 8, 9, 10]


def test_an_incremental_read_goes_by_the_index_on_the_cursor(path: Path) -> None:
    execute(path, TABLE, "CREATE INDEX i ON pets (updated_at)")
    model = DataModel("pets", pa.schema({"id": pa.int64(), "updated_at": pa.timestamp("us")}), ("id",))
    where, values = since(Read(model, SyncMode.INCREMENTAL, "pets", "updated_at", {"": "2026-01-05T07:00:00"}))
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT id FROM pets WHERE {where}", values).fetchall()
    assert "SCAN" not in str(plan)
    assert "updated_at>?" in str(plan)
