"""What is read of PostgreSQL is what psycopg reads, value by value, or the row is rejected by name (R34)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sql import SqlSource
from connectors.sql.postgresql_uuid import written
from syncline import DataModel, Read
from syncline.conform import conform
from syncline.testing.source import Reading
from tests.contracts.postgresql import Server

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def decimals(digits: int, scale: int) -> st.SearchStrategy[Decimal]:
    return st.integers(1 - 10**digits, 10**digits - 1).map(lambda number: Decimal(f"{number}E{-scale}"))


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "real": st.floats(width=32),
    "double precision": st.floats(),
    "numeric(12,2)": decimals(12, 2),
    "numeric(38,38)": decimals(38, 38),
    "numeric(38,0)": decimals(38, 0),
    "numeric(3,5)": decimals(3, 5),
    "numeric(5,-2)": decimals(5, -2),
    "numeric": decimals(38, 9),
    "money_like": decimals(10, 2),
    "boolean": st.booleans(),
    "text": TEXT,
    "varchar(20)": TEXT,
    "char(20)": TEXT,
    "bytea": st.binary(max_size=20),
    "date": st.dates(),
    "time": st.times(),
    "timestamp": st.datetimes(),
    "timestamp(3)": st.datetimes(max_value=datetime(9999, 1, 1)),  # noqa: DTZ001
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
}
MODEL = DataModel("things", pa.schema({"id": pa.int64()}), ("id",))


@pytest.fixture(scope="module")
def url(postgresql: Server) -> str:
    return postgresql.new_database()


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET lock_timeout = '5s'")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        yield connection


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(*(st.none() | values for values in VALUES.values())), max_size=5),
)
def test_every_value_arrives_as_psycopg_reads_it(url: str, connection: psycopg.Connection, rows: list[Any]) -> None:
    connection.execute("DROP TABLE IF EXISTS things")
    connection.execute("DROP DOMAIN IF EXISTS money_like")
    connection.execute("CREATE DOMAIN money_like AS numeric(10,2)")
    columns = ", ".join(f'"{place} {kind}" {kind}' for place, kind in enumerate(VALUES))
    connection.execute(f"CREATE TABLE things (id bigint PRIMARY KEY, {columns})")
    marks = ", ".join(["%s"] * len(VALUES))
    for number, row in enumerate(rows):
        connection.execute(f"INSERT INTO things VALUES ({number}, {marks})", row)
    names = ["id", *(f'"{place} {kind}"' + "::float8" * (kind == "real") for place, kind in enumerate(VALUES))]
    expected = connection.execute(f"SELECT {', '.join(names)} FROM things ORDER BY id").fetchall()
    assert [comparable(row.values()) for row in read(url)] == [comparable(row) for row in expected]


def comparable(row: Iterable[Any]) -> list[Any]:
    """NaN is equal to itself, and -0.0 is not 0.0."""
    return [repr(value) if isinstance(value, float) else value for value in row]


@given(st.lists(st.none() | st.uuids()), st.integers(0, 3))
def test_uuids_are_written_as_everybody_writes_them(uuids: list[UUID | None], first: int) -> None:
    stored = pa.array([None if uuid is None else uuid.bytes for uuid in uuids], pa.binary(16)).slice(first)
    made = written(stored)
    made.validate(full=True)
    assert made.to_pylist() == [None if uuid is None else str(uuid) for uuid in uuids[first:]]


TEXTS = {
    "uuid": "00000000-0000-0000-0000-00000000abcd",
    "json": '{"b" : 1,  "a":1.10}',
    "jsonb": '{"a": 1.10, "b": [1, null, "\\u0001"]}',
    "mood": "so so",
    "integer[]": "{1,NULL,3}",
    "text[]": '{"a b",NULL,"NULL"}',
    "money_like[]": "{1.00}",
    "int4range": "[1,10)",
    "int8multirange": "{[1,2),[4,7)}",
    "tstzrange": '["2020-01-01 00:00:00+00",)',
    "interval": "1 year 2 mons -3 days +04:05:06.000007",
    "money": "$12.34",
    "inet": "10.0.0.1/8",
    "macaddr": "08:00:2b:01:02:03",
    "bit(3)": "101",
    "varbit": "1",
    "timetz": "01:02:03.000004+05:30",
    "pair": '(1,"a b")',
    "point": "(1,2.5)",
    "tsvector": "'cat':1",
    "oid": "4294967295",
    "xid": "7",
    "pg_lsn": "16/B374D848",
    "name": "a name",
    '"char"': "x",
    "numeric(40,2)": "12345678901234567890123456789012345678.90",
}


def test_what_has_no_counterpart_is_text_as_postgresql_writes_it(url: str, connection: psycopg.Connection) -> None:
    connection.execute("CREATE TYPE mood AS ENUM ('so so', 'well')")
    connection.execute("CREATE TYPE pair AS (a int, b text)")
    connection.execute("CREATE DOMAIN money_like AS numeric(10,2)")
    columns = ", ".join(f"c{place} {kind}" for place, kind in enumerate(TEXTS))
    connection.execute(f"CREATE TABLE things (id bigint PRIMARY KEY, {columns})")
    texts = ", ".join(f"%s::text::{kind}" for kind in TEXTS)
    connection.execute(f"INSERT INTO things VALUES (1, {texts})", list(TEXTS.values()))
    connection.execute("ALTER ROLE syncline SET IntervalStyle = 'iso_8601'")
    connection.execute("ALTER ROLE syncline SET DateStyle = 'German'")
    connection.execute("ALTER ROLE syncline SET TimeZone = 'Asia/Kolkata'")
    try:
        [row] = read(url)
    finally:
        connection.execute("ALTER ROLE syncline RESET ALL")
    assert list(row.values())[1:] == list(TEXTS.values())


BEYOND = {
    "date": ("infinity", "-infinity", "2020-02-29"),
    "timestamp": ("infinity", "-infinity", "2020-02-29 01:02:03.000004"),
    "timestamptz": ("infinity", "-infinity", "294276-12-31 23:59:59.999999+00"),
    "time": ("24:00:00", "24:00:00", "23:59:59.999999"),
    "numeric(12,2)": ("NaN", "NaN", "0.01"),
    "numeric": ("Infinity", "0.0000000001", "12345678901234567890123456789"),
}


@pytest.mark.parametrize("kind", BEYOND)
def test_a_row_that_cannot_be_expressed_is_rejected_by_name(
    url: str, connection: psycopg.Connection, kind: str
) -> None:
    connection.execute(f"CREATE TABLE things (id bigint PRIMARY KEY, a date, value {kind}, b timestamptz)")
    for number, value in enumerate((*BEYOND[kind], None, *BEYOND[kind])):
        connection.execute(
            f"INSERT INTO things VALUES (%s, '2020-01-01', %s::text::{kind}, '1999-01-01')", [number, value]
        )
    model = SqlSource(url).describe("things")
    assert model is not None
    fitted = [conform(batch.rows, model) for batch in SqlSource(url).read(Read(model, origin="things")) if batch.rows]
    kept = [number for part in fitted for number in part.rows.column("id").to_pylist()]
    rejected = {str(one.key): one.reason for part in fitted for one in part.rejected}
    assert sorted(kept) == ([3] if kind == "timestamptz" else [2, 3, 6])
    assert len(rejected) == 7 - len(kept)
    for number in (0, 1, 4, 5):
        assert BEYOND[kind][number % 4].lower() in rejected[str({"id": number})].lower()


def test_as_text_everything_can_be_read(url: str, connection: psycopg.Connection) -> None:
    columns = ", ".join(f"c{place} {kind}" for place, kind in enumerate(BEYOND))
    connection.execute(f"CREATE TABLE things (id bigint PRIMARY KEY, {columns}, f real, g boolean, h char(3), i bytea)")
    values = ", ".join(f"'{values[0]}'" for values in BEYOND.values())
    connection.execute(f"INSERT INTO things VALUES (1, {values}, 0.1, true, 'x', 'ab')")
    columns = SqlSource(url).columns("things")
    assert columns is not None
    model = DataModel(
        "things", pa.schema([("id", pa.int64()), *((n, pa.string()) for n in columns.names[1:])]), ("id",)
    )
    [row] = Reading.of(SqlSource(url).read(Read(model, origin="things")), model).rows
    assert [*row.values()] == [1, *(values[0] for values in BEYOND.values()), "0.1", "true", "x  ", "ab"]


def test_an_infinite_key_makes_the_read_unreadable_not_the_rows_absent(
    url: str, connection: psycopg.Connection
) -> None:
    connection.execute("CREATE TABLE things (day date PRIMARY KEY)")
    connection.execute("INSERT INTO things VALUES ('infinity'), ('2020-01-01')")
    model = SqlSource(url).describe("things")
    assert model is not None
    fitted = [conform(batch.rows, model) for batch in SqlSource(url).read(Read(model, origin="things")) if batch.rows]
    assert [part.unreadable_key for part in fitted] == [False, True]


def test_an_infinite_time_is_no_cursor(url: str, connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE things (id int PRIMARY KEY, at timestamp, f real, n numeric)")
    connection.execute(
        "INSERT INTO things VALUES (1, '2020-01-01', 1.5, 2.50), (2, 'infinity', 'infinity', 'NaN'), "
        "(3, NULL, 'NaN', NULL)"
    )
    model = SqlSource(url).describe("things")
    assert model is not None
    found = {}
    for name in ("at", "f", "n"):
        *_, last = SqlSource(url).read(Read(model, origin="things", cursor_field=name))
        found[name] = last.cursor["at"]  # type: ignore[call-overload, index]
    assert found == {"at": "2020-01-01 00:00:00", "f": "1.5", "n": "2.50"}


@pytest.mark.parametrize("kind", ["text", "varchar(9)", "char(3)", "uuid", "bytea", "boolean", "date", "numeric(9,3)"])
def test_rows_come_in_the_order_of_the_snapshot(url: str, connection: psycopg.Connection, kind: str) -> None:
    texts = ["a", "B", "ä", "Z", "a b", "", "\x01", "10", "9"]
    values = {
        "uuid": [f"{number:032x}" for number in (7 << 120, 9, 0xA0, 0xFF << 100)],
        "bytea": [b"\xff", b"", b"a\0", b"a"],
        "boolean": [True, False],
        "date": [date(2020, 1, 1), date(1999, 1, 1)],
        "numeric(9,3)": [Decimal("9.5"), Decimal("10.25"), Decimal(-3)],
    }.get(kind, texts)
    connection.execute(f"CREATE TABLE things (k {kind} PRIMARY KEY)")
    for value in values:
        connection.execute("INSERT INTO things VALUES (%s)", [value])
    keys = [row["k"] for row in read(url)]
    assert keys == sorted(keys)
    assert len(keys) == len(values)


def test_texts_of_a_database_that_does_not_check_them_are_checked(postgresql: Server) -> None:
    url = postgresql.new_database(encoding="SQL_ASCII")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE things (id int PRIMARY KEY, name text)")
        connection.execute(r"INSERT INTO things VALUES (1, convert_from('\xc3a4', 'SQL_ASCII'))")
        connection.execute(r"INSERT INTO things VALUES (2, convert_from('\xe4', 'SQL_ASCII'))")
    model = SqlSource(url).describe("things")
    assert model is not None
    [batch] = SqlSource(url).read(Read(model, origin="things"))
    fitted = conform(batch.rows, model)
    assert fitted.rows.to_pylist() == [{"id": 1, "name": "ä"}]
    assert [one.key for one in fitted.rejected] == [{"id": 2}]


def test_texts_of_a_database_in_another_encoding_arrive(postgresql: Server) -> None:
    url = postgresql.new_database(encoding="LATIN1")
    with psycopg.connect(url, client_encoding="utf8") as connection:
        connection.execute("CREATE TABLE things (id int PRIMARY KEY, name text)")
        connection.execute("INSERT INTO things VALUES (1, 'ä')")
    assert read(url) == [{"id": 1, "name": "ä"}]


def read(url: str) -> list[dict[str, Any]]:
    model = SqlSource(url).describe("things")
    assert model is not None
    return Reading.of(list(SqlSource(url).read(Read(model, origin="things"))), model).rows


def test_moments_before_2000_and_long_ago_arrive(url: str, connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE things (id int PRIMARY KEY, a date, b time, c timestamp)")
    connection.execute("INSERT INTO things VALUES (1, '0001-01-01', '0:00', '9999-12-31 23:59:59.999999')")
    [row] = read(url)
    assert row == {"id": 1, "a": date(1, 1, 1), "b": time(), "c": datetime(9999, 12, 31, 23, 59, 59, 999999)}  # noqa: DTZ001
