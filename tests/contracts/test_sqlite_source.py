import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.sql import SqlSource, sqlite
from syncline import ConfigError, DataModel, Read, Source, SyncMode, TransientError
from syncline.testing.source import PETS, Reading
from tests.contracts.sqlite_file import TABLE, execute


def ids(source: Source, **settings: Any) -> list[int]:
    return Reading.of(source.read(Read(**{"model": PETS, "origin": "pets"} | settings)), PETS).ids


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@pytest.fixture
def source(path: Path) -> SqlSource:
    return SqlSource(f"sqlite:///{path}")


def test_a_missing_file_is_named_and_not_made(source: SqlSource, path: Path) -> None:
    for url in (source.url, source.url.replace("sqlite:", "sqlite+pysqlite:")):
        with pytest.raises(ConfigError, match=r"there is no database .*shop\.db"):
            SqlSource(url).check()
    assert not path.exists()


def test_what_is_no_database_is_named(source: SqlSource, path: Path) -> None:
    path.write_bytes(b"no database at all, whatever its name says" * 100)
    with pytest.raises(ConfigError, match="not an SQLite database"):
        source.check()


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        SqlSource(f"sqlite:///{tmp_path}").check()


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(ConfigError, match="memory"):
        SqlSource("sqlite://").check()


def test_reading_changes_nothing(source: SqlSource, path: Path) -> None:
    execute(path, TABLE)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    before = path.read_bytes()
    source.check()
    ids(source)
    list(source.discover())
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["shop.db"]


def test_a_locked_database_may_be_tried_again(source: SqlSource, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.0)
    execute(path, TABLE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TransientError, match="locked"):
            ids(source)


def test_the_identity_knows_the_file_however_it_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    assert SqlSource("sqlite:///shop.db").identity() == SqlSource(f"sqlite:///{path}").identity()


def test_the_types_declared_are_told(source: SqlSource, path: Path) -> None:
    execute(
        path,
        """CREATE TABLE "all" (a BIGINT, b REAL, c NUMERIC(12, 2), d BOOLEAN, e DATE, f DATETIME, g TIME, h BLOB,
        i VARCHAR(20), j, k DECIMAL, l TIMESTAMP WITH TIME ZONE, m "unsigned big int", n DECIMAL_TEXT(38,9),
        o AS (a + 1), p UUID, PRIMARY KEY (i, a))""",
    )
    model = source.describe("all")
    assert model is not None
    assert model.key == ("i", "a")
    assert [str(kind) for kind in model.schema.types] == [
        *("int64", "double", "decimal128(12, 2)", "bool", "date32[day]", "timestamp[us]", "time64[us]", "binary"),
        *("string", "string", "double", "timestamp[us, tz=UTC]", "int64", "decimal128(38, 9)", "string", "string"),
    ]


def test_a_table_without_a_key_wants_one_declared(source: SqlSource, path: Path) -> None:
    execute(path, "CREATE TABLE notes (id INTEGER, words TEXT)", "CREATE VIEW v AS SELECT * FROM notes", TABLE)
    for name in ("notes", "v"):
        with pytest.raises(ConfigError, match="declare `key:`; the columns are id, words"):
            source.describe(name)
        assert source.columns(name) == pa.schema({"id": pa.int64(), "words": pa.string()})
    assert [model.name for model in source.discover()] == ["pets"]


def test_a_unique_index_without_nulls_serves_as_key(source: SqlSource, path: Path) -> None:
    execute(
        path,
        "CREATE TABLE a (x TEXT NOT NULL, y INTEGER NOT NULL, z, UNIQUE (y, x))",
        "CREATE TABLE b (x TEXT NOT NULL COLLATE NOCASE UNIQUE, y UNIQUE)",
    )
    assert [(model.name, model.key) for model in source.discover()] == [("a", ("y", "x"))]


def test_the_known_tables_and_columns_are_listed(source: SqlSource, path: Path) -> None:
    execute(path, TABLE, "CREATE TABLE _syncline_plan (scope)")
    with pytest.raises(ConfigError, match=r"no table `pet` \(known are pets\)"):
        source.describe("pet")
    model = DataModel("pets", pa.schema({"id": pa.int64(), "nme": pa.string()}), ("id",))
    with pytest.raises(ConfigError, match=r"no column `pets\.nme` \(known are extra, id, name, updated_at\)"):
        list(source.read(Read(model, origin="pets")))


def test_a_query_is_one_query(source: SqlSource, path: Path) -> None:
    execute(path, TABLE, pets=[(1, "a", None, None)])
    for bad in ("SELECT id FROM pets; DROP TABLE pets", "SELECT id FROM nothing", "with x"):
        with pytest.raises(ConfigError):
            list(source.read(Read(PETS, origin=bad)))


def test_columns_that_differ_in_case_only_are_refused(source: SqlSource, path: Path) -> None:
    execute(path, TABLE)
    model = DataModel("t", pa.schema({"a": pa.int64(), "A": pa.int64()}), ("a",))
    with pytest.raises(ConfigError, match="`a` and `A`"):
        list(source.read(Read(model, origin="SELECT 1 AS a, 2 AS A")))


def test_rows_come_in_the_order_of_the_bytes_of_their_keys(source: SqlSource, path: Path) -> None:
    execute(path, "CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY)", t=[("b",), ("C",), ("a",), ("é",), ("B ",)])
    model = DataModel("t", pa.schema({"k": pa.string()}), ("k",))
    assert [row["k"] for row in Reading.of(source.read(Read(model, origin="main.t")), model).rows] == [
        *("B ", "C", "a", "b", "é")
    ]


def test_the_cursor_is_kept_as_it_is_written(source: SqlSource, path: Path) -> None:
    for written in ("2023-01-31T00:00:00.100Z", 1_700_000_000, 2.5, "v10"):
        execute(path, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id PRIMARY KEY, at)", t=[(1, written), (2, None)])
        kind = pa.string() if isinstance(written, str) else pa.float64()
        model = DataModel("t", pa.schema({"id": pa.int64(), "at": kind}), ("id",))
        assert [batch.cursor for batch in source.read(Read(model, origin="t", cursor_field="at"))] == [written]


def test_numbers_stored_as_text_cannot_be_a_cursor(source: SqlSource, path: Path) -> None:
    execute(path, "CREATE TABLE t (id PRIMARY KEY, n DECIMAL_TEXT(4,1))", t=[(1, "9.0"), (2, "10.0")])
    model = DataModel("t", pa.schema({"id": pa.int64(), "n": pa.decimal128(4, 1)}), ("id",))
    with pytest.raises(ConfigError, match="numbers as text"):
        list(source.read(Read(model, origin="t", cursor_field="n")))


def test_numbers_beside_a_cursor_of_text_are_not_lost(source: SqlSource, path: Path) -> None:
    execute(path, TABLE, pets=[(1, "a", "2023-01-05 00:00:00", b""), (2, "b", "2023-01-01 00:00:00", b"")])
    model = DataModel("pets", pa.schema({"id": pa.int64(), "updated_at": pa.string()}), ("id",))
    execute(path, pets=[(3, "c", 20230106, b"")])
    asked = Read(model, SyncMode.INCREMENTAL, "pets", "updated_at", {"": "2023-01-05 00:00:00"})
    assert Reading.of(source.read(asked), model).ids == [1, 3]


STYLES = {
    "T": "2023-01-{:02}T00:00:00Z",
    "blank": "2023-01-{:02} 00:00:00",
    "fraction": "2023-01-{:02} 00:00:00.000000",
    "minutes": "2023-01-{:02} 00:00",
    "day": "2023-01-{:02}",
    "zone": "2023-01-{:02}T02:00:00.000+02:00",
}


@pytest.mark.parametrize("style", STYLES)
def test_a_read_from_a_date_and_an_overlap_fit_every_style(source: SqlSource, path: Path, style: str) -> None:
    execute(path, TABLE, pets=[(day, "a", STYLES[style].format(day), b"") for day in range(1, 10)])
    model = DataModel("pets", pa.schema({"id": pa.int64(), "updated_at": pa.string()}), ("id",))
    start = datetime(2023, 1, 5, tzinfo=UTC)
    asked = Read(model, SyncMode.FROM_DATE, "pets", "updated_at", from_date=start)
    assert Reading.of(source.read(asked), model).ids == [5, 6, 7, 8, 9]
    since = {"": STYLES[style].format(9)}
    asked = Read(model, SyncMode.INCREMENTAL, "pets", "updated_at", since, overlap=timedelta(days=2))
    assert Reading.of(source.read(asked), model).ids == [7, 8, 9]


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000])
def test_a_read_from_a_date_counts_integers_from_1970(source: SqlSource, path: Path, unit: int) -> None:
    days = [(day, "a", int(datetime(2023, 1, day, tzinfo=UTC).timestamp()) * unit, b"") for day in range(1, 6)]
    execute(path, TABLE, pets=days)
    model = DataModel("pets", pa.schema({"id": pa.int64(), "updated_at": pa.int64()}), ("id",))
    start = datetime(2023, 1, 4, tzinfo=UTC)
    asked = Read(model, SyncMode.FROM_DATE, "pets", "updated_at", from_date=start)
    assert Reading.of(source.read(asked), model).ids == [4, 5]


def test_an_overlap_on_a_number_is_refused(source: SqlSource, path: Path) -> None:
    execute(path, TABLE, pets=[(1, "a", 5, b"")])
    model = DataModel("pets", pa.schema({"id": pa.int64(), "updated_at": pa.int64()}), ("id",))
    asked = Read(model, SyncMode.INCREMENTAL, "pets", "updated_at", {"": 5}, overlap=timedelta(1))
    with pytest.raises(ConfigError, match="overlap"):
        list(source.read(asked))


def test_keys_that_can_be_written_in_many_ways_are_read_again_with_everything(source: SqlSource, path: Path) -> None:
    execute(
        path, "CREATE TABLE t (k DATETIME PRIMARY KEY, at INTEGER)", t=[("2023-01-01T00:00Z", 1), ("2023-01-02", 2)]
    )
    model = DataModel("t", pa.schema({"k": pa.timestamp("us", tz="UTC"), "at": pa.int64()}), ("k",))
    again = pa.table({"k": pa.array([datetime(2023, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))})
    asked = Read(model, SyncMode.INCREMENTAL, "t", "at", {"": 2}, again=again)
    batches = [batch for batch in source.read(asked) if batch.rows is not None]
    assert sorted(at for batch in batches for at in batch.rows["at"]) == [1, 2]  # type: ignore[call-overload,index]


def test_sqlite_has_no_schemas(path: Path) -> None:
    execute(path, TABLE)
    with pytest.raises(ConfigError, match="schema"):
        SqlSource(f"sqlite:///{path}", schema="sales").check()


def test_a_view_that_is_broken_hides_nothing_else(source: SqlSource, path: Path) -> None:
    execute(path, TABLE, "CREATE VIEW broken AS SELECT * FROM gone")
    assert [model.name for model in source.discover()] == ["pets"]
    with pytest.raises(ConfigError, match="gone"):
        source.columns("broken")


def test_very_many_keys_can_be_asked_for_again(source: SqlSource, path: Path) -> None:
    execute(path, TABLE, pets=[(number, "a", "2023-01-01 00:00:00", b"") for number in range(12_000)])
    again = pa.table({"id": pa.array(range(1, 12_000), pa.int64())})
    since = {"": "2023-01-02 00:00:00"}
    mode, cursor = SyncMode.INCREMENTAL, "updated_at"
    assert ids(source, mode=mode, cursor_field=cursor, since=since, again=again) == list(range(1, 12_000))


def test_the_main_schema_of_sqlite_is_what_it_has_anyway(path: Path) -> None:
    assert SqlSource(f"sqlite:///{path}", schema="main").identity() == SqlSource(f"sqlite:///{path}").identity()
