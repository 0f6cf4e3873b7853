"""A large table is read in ranges of its key by several connections, and comes out as if one had read it."""

from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlSource, postgresql_link, postgresql_range
from syncline import Batch, Read, TransientError
from tests.contracts.postgresql_database import ask

ROWS = 20_000
KEYS = {
    "bigint": "i * 7 - 50000",
    "uuid": "md5(i::text)::uuid",
    "timestamptz": "timestamptz '2020-01-01' + i * interval '1 hour'",
    "date": "CASE i WHEN 1 THEN '-infinity' WHEN 2 THEN 'infinity' ELSE date '1900-01-01' + i END",
    "text": "'key ' || i",
}
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture(autouse=True)
def few_rows_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"READERS": 3, "RANGE_ROWS": 1000, "_SAMPLED_PAGES": 2}.items():
        monkeypatch.setattr(postgresql_range, name, value)
    monkeypatch.setattr(postgresql_link, "_BATCH_BYTES", 4096)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked, by all connections."""
    asked: list[str] = []
    batches = postgresql_link.Link.batches

    def heard(link: postgresql_link.Link, sql: str) -> Iterator[pa.RecordBatch]:
        asked.append(sql)
        return batches(link, sql)

    monkeypatch.setattr(postgresql_link.Link, "batches", heard)
    return asked


def fill(url: str, kind: str = "bigint", key: str = "PRIMARY KEY") -> None:
    ask(url, f"CREATE TABLE things (id {kind} {key}, n integer)")
    ask(url, f"INSERT INTO things SELECT {KEYS[kind]}, i FROM generate_series(1, {ROWS}) AS i")
    ask(url, "ANALYZE things")


def begun(url: str) -> Iterator[Batch]:
    model = SqlSource(url).describe("things")
    assert model is not None
    return iter(SqlSource(url).read(Read(model, origin="things")))


def numbers(batches: Iterator[Batch]) -> list[int]:
    return [n for batch in batches if batch.rows is not None for n in pa.table(batch.rows).column("n").to_pylist()]


def ranges(statements: list[str]) -> int:
    return sum(" ORDER BY " in sql and '"n" AS' in sql for sql in statements)


@pytest.mark.parametrize("kind", ["bigint", "uuid", "timestamptz"])
def test_all_rows_come_once_and_in_the_order_of_the_key(url: str, statements: list[str], kind: str) -> None:
    fill(url, kind)
    expected = [n for (n,) in ask(url, "SELECT n FROM things ORDER BY id")]
    statements.clear()
    assert numbers(begun(url)) == expected
    assert ranges(statements) > 10


def test_infinite_dates_lie_in_the_first_and_the_last_range(url: str) -> None:
    fill(url, "date")
    assert sorted(numbers(begun(url))) == list(range(1, ROWS + 1))


def test_all_connections_see_what_the_first_one_saw(url: str) -> None:
    fill(url)
    batches = begun(url)
    seen = numbers(iter([next(batches)]))
    ask(url, "DELETE FROM things WHERE n % 2 = 0")
    ask(url, "UPDATE things SET id = -id - 1000000, n = -n")
    assert seen + numbers(batches) == list(range(1, ROWS + 1))


def test_texts_and_keys_without_an_index_are_read_in_one_go(url: str, statements: list[str]) -> None:
    fill(url, "text")
    statements.clear()
    assert len(numbers(begun(url))) == ROWS
    assert ranges(statements) == 1


def test_a_server_without_room_for_more_is_read_by_one_connection(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_url: str, _snapshot: str = "") -> None:
        raise TransientError("too many connections")

    fill(url)
    monkeypatch.setattr(postgresql_range, "linked", full)
    assert numbers(begun(url)) == list(range(1, ROWS + 1))


def test_a_read_that_is_given_up_ends_all_its_sessions(url: str) -> None:
    fill(url)
    batches = begun(url)
    next(batches)
    assert ask(url, SESSIONS) == [(3,)]
    batches.close()  # type: ignore[attr-defined]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET statement_timeout = '10s'")
        waiting = f"WHILE ({SESSIONS}) > 0 LOOP PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP;"
        connection.execute(f"DO $$ BEGIN {waiting} END $$".encode())


def test_a_connection_that_breaks_breaks_the_read(url: str) -> None:
    fill(url)
    batches = begun(url)
    next(batches)
    youngest = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    ask(url, f"SELECT pg_terminate_backend(({youngest} ORDER BY backend_start DESC LIMIT 1))")
    with pytest.raises(TransientError):
        numbers(batches)
