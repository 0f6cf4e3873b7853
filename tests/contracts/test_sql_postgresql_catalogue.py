"""What is there in PostgreSQL to be read, and what its names, keys and columns are."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlSource
from connectors.sql.postgresql_link import _database
from syncline import ConfigError, DataModel, Read
from syncline.testing.source import Reading


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def ids(source: SqlSource, origin: str) -> list[Any]:
    model = DataModel("m", pa.schema({"id": pa.int64()}), ("id",))
    return Reading.of(list(source.read(Read(model, origin=origin))), model).ids


ODD = ("Pets", "my pets", 'a"b', "naïve.dot", "select", "tab\tle", "ß" * 20, "%s :x $1", "back\\slash", "o'clock")


def test_tables_of_any_name_are_found_and_read(url: str, connection: psycopg.Connection) -> None:
    for number, name in enumerate(ODD):
        quoted = '"' + name.replace('"', '""') + '"'
        connection.execute(f"CREATE TABLE {quoted} (id int PRIMARY KEY, {quoted} text)".replace("%", "%%"), [])
        connection.execute(f"INSERT INTO {quoted} VALUES ({number}, 'x')".replace("%", "%%"), [])
    source = SqlSource(url)
    assert {model.name for model in source.discover()} == set(ODD)
    for number, name in enumerate(ODD):
        assert ids(source, name) == [number]
        columns = source.columns(name)
        assert columns is not None
        assert columns.names == ["id", name]
        model = DataModel("m", columns, (name,))
        assert Reading.of(list(source.read(Read(model, origin=name))), model).rows == [{"id": number, name: "x"}]


def test_a_schema_may_be_a_setting_or_stand_before_the_table(url: str, connection: psycopg.Connection) -> None:
    connection.execute('CREATE SCHEMA "Old Shop"')
    connection.execute('CREATE TABLE "Old Shop".pets (id int PRIMARY KEY)')
    connection.execute("CREATE TABLE pets (id int PRIMARY KEY)")
    connection.execute('CREATE TABLE "Old Shop.pets" (id int PRIMARY KEY)')
    connection.execute('INSERT INTO "Old Shop".pets VALUES (1)')
    connection.execute("INSERT INTO pets VALUES (2)")
    connection.execute('INSERT INTO "Old Shop.pets" VALUES (3)')
    assert ids(SqlSource(url), "pets") == [2]
    assert ids(SqlSource(url, schema="Old Shop"), "pets") == [1]
    assert ids(SqlSource(url, schema="Old Shop"), "public.pets") == [2]
    assert ids(SqlSource(url), "Old Shop.pets") == [3]
    connection.execute('DROP TABLE "Old Shop.pets"')
    assert ids(SqlSource(url), "Old Shop.pets") == [1]
    assert [model.name for model in SqlSource(url, schema="Old Shop").discover()] == ["pets"]
    with pytest.raises(ConfigError, match=r"no table `dogs` \(known are pets\)"):
        SqlSource(url, schema="Old Shop").describe("dogs")


def test_views_and_the_like_are_read_and_only_tables_discovered(url: str, connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE pets (id int PRIMARY KEY)")
    connection.execute("INSERT INTO pets VALUES (1), (11)")
    connection.execute("CREATE VIEW seen AS SELECT * FROM pets")
    connection.execute("CREATE MATERIALIZED VIEW kept AS SELECT * FROM pets")
    connection.execute("CREATE TABLE herd (id int PRIMARY KEY) PARTITION BY RANGE (id)")
    connection.execute("CREATE TABLE herd_1 PARTITION OF herd FOR VALUES FROM (0) TO (10)")
    connection.execute("CREATE TABLE herd_2 PARTITION OF herd FOR VALUES FROM (10) TO (20)")
    connection.execute("INSERT INTO herd VALUES (1), (11)")
    connection.execute("CREATE TABLE old (CHECK (id < 100)) INHERITS (pets)")
    connection.execute("INSERT INTO old VALUES (50)")
    source = SqlSource(url)
    assert [model.name for model in source.discover()] == ["herd", "pets"]
    found = {name: ids(source, name) for name in ("seen", "kept", "herd", "herd_2", "pets")}
    assert found == {"seen": [1, 11, 50], "kept": [1, 11], "herd": [1, 11], "herd_2": [11], "pets": [1, 11, 50]}


def test_the_key_is_the_primary_one_or_a_unique_index_that_is_never_null(
    url: str, connection: psycopg.Connection
) -> None:
    connection.execute(
        "CREATE TABLE a (x int NOT NULL, y int NOT NULL, z int, n text NOT NULL, UNIQUE (z), PRIMARY KEY (y, x))"
    )
    connection.execute("CREATE TABLE b (LIKE a)")
    connection.execute("CREATE UNIQUE INDEX ON b (z)")
    connection.execute("CREATE UNIQUE INDEX ON b (lower(n))")
    connection.execute("CREATE UNIQUE INDEX ON b (y) WHERE x > 0")
    connection.execute("CREATE INDEX ON b (x)")
    source = SqlSource(url)
    assert source.describe("a").key == ("y", "x")  # type: ignore[union-attr]
    connection.execute("ALTER TABLE b ALTER x DROP NOT NULL, ALTER y DROP NOT NULL")
    with pytest.raises(ConfigError, match=r"`b` has no primary key \(declare `key:`; the columns are x, y, z, n\)"):
        source.describe("b")
    connection.execute("CREATE UNIQUE INDEX ON b (n) INCLUDE (z)")
    assert source.describe("b").key == ("n",)  # type: ignore[union-attr]
    assert [model.name for model in source.discover()] == ["a", "b"]


def test_the_columns_of_a_query_are_told(url: str) -> None:
    query = "WITH a AS (SELECT 1 AS id, 1.50::numeric(9,2) AS \"Price\", 'x' AS t) SELECT * FROM a;"
    source = SqlSource(url)
    columns = source.columns(query)
    assert columns == pa.schema({"id": pa.int32(), "Price": pa.decimal128(9, 2), "t": pa.string()})
    with pytest.raises(ConfigError, match="declare `key:`"):
        source.describe(query)
    assert ids(source, query) == [1]


def test_computed_and_numbered_columns_are_columns(url: str, connection: psycopg.Connection) -> None:
    connection.execute(
        "CREATE TABLE pets (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, gone int, "
        "b int GENERATED ALWAYS AS (a * 2) STORED)"
    )
    connection.execute("ALTER TABLE pets DROP COLUMN gone")
    connection.execute("INSERT INTO pets (a) VALUES (4)")
    model = SqlSource(url).describe("pets")
    assert model is not None
    rows = Reading.of(list(SqlSource(url).read(Read(model, origin="pets"))), model).rows
    assert rows == [{"id": 1, "a": 4, "b": 8}]


def test_names_are_told_apart_letter_by_letter(url: str, connection: psycopg.Connection) -> None:
    connection.execute('CREATE TABLE pets (id int PRIMARY KEY, "ID" int, c0 int)')
    connection.execute("INSERT INTO pets VALUES (2, 1, 0), (1, 2, 3)")
    model = SqlSource(url).describe("pets")
    assert model is not None
    rows = Reading.of(list(SqlSource(url).read(Read(model, origin="pets"))), model).rows
    assert rows == [{"id": 1, "ID": 2, "c0": 3}, {"id": 2, "ID": 1, "c0": 0}]
    shouted = DataModel("m", pa.schema({"C0": pa.int64()}), ("C0",))
    with pytest.raises(ConfigError, match=r"no column `pets.C0` \(known are ID, c0, id\)"):
        list(SqlSource(url).read(Read(shouted, origin="pets")))


def test_keys_of_every_type_are_read_again(url: str, connection: psycopg.Connection) -> None:
    kinds = {
        "int": pa.array([1], pa.int64()),
        "text": pa.array(["o'clock \\ %s"]),
        "uuid": pa.array(["00000000-0000-0000-0000-00000000abcd"]),
        "bytea": pa.array([b"\0\xff"]),
        "date": pa.array(["2020-02-29"]).cast(pa.date32()),
        "timestamptz": pa.array(["2020-02-29 01:02:03.000004Z"]).cast(pa.timestamp("us", tz="UTC")),
        "time": pa.array([1], pa.time64("us")),
        "numeric(9,2)": pa.array(["1.50"]).cast(pa.decimal128(9, 2)),
        "boolean": pa.array([True]),
        "char(3)": pa.array(["x  "]),
    }
    for place, (kind, key) in enumerate(kinds.items()):
        connection.execute(f"CREATE TABLE t{place} (k {kind} PRIMARY KEY, at int)")
        text = key.to_pylist()[0]
        connection.execute(f"INSERT INTO t{place} VALUES (%s, 1)", [text])
        model = DataModel("m", pa.schema([("k", key.type), ("at", pa.int64())]), ("k",))
        again = pa.table({"k": key})
        request = Read(model, "incremental", f"t{place}", "at", {"": "9"}, again=again)  # type: ignore[arg-type]
        assert Reading.of(list(SqlSource(url).read(request)), model).rows == [{"k": text, "at": 1}], kind


def test_types_that_came_after_a_first_look_are_read_as_text_too(url: str, connection: psycopg.Connection) -> None:
    source = SqlSource(url)
    assert list(source.discover()) == []
    connection.execute("CREATE TYPE mood AS ENUM ('glad')")
    connection.execute("CREATE DOMAIN name AS mood")
    connection.execute("CREATE TABLE pets (id int PRIMARY KEY, mood mood, moods mood[], name name)")
    connection.execute("INSERT INTO pets VALUES (1, 'glad', '{glad}', 'glad')")
    model = source.describe("pets")
    assert model is not None
    [row] = Reading.of(list(source.read(Read(model, origin="pets"))), model).rows
    assert row == {"id": 1, "mood": "glad", "moods": "{glad}", "name": "glad"}


def test_a_database_is_asked_for_all_its_types_once(url: str, connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE pets (id int PRIMARY KEY)")
    before = _database.cache_info().misses
    assert [ids(SqlSource(url), "pets") for _ in range(3)] == [[], [], []]
    assert _database.cache_info().misses == before + 1
