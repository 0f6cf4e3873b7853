"""What goes wrong when PostgreSQL is read: who can mend it, and how."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlSource
from syncline import ConfigError, DataError, DataModel, Read, Secret, SyncMode, TransientError

MODEL = DataModel("m", pa.schema({"id": pa.int64(), "name": pa.string()}), ("id",))
READ = Read(MODEL, origin="pets")
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE pets (id bigint PRIMARY KEY, name text, at timestamptz)")
        connection.execute("INSERT INTO pets SELECT i, repeat('x', 100), now() FROM generate_series(1, 300000) AS i")
        yield connection


def gone(connection: psycopg.Connection) -> bool:
    """Wait for our sessions to end; the server needs a moment to see that nobody listens."""
    connection.execute("SET statement_timeout = '10s'")
    connection.execute(
        f"DO $$ BEGIN WHILE ({SESSIONS}) > 0 LOOP PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP; END $$"
    )
    return True


def test_a_read_that_is_given_up_ends_its_session(url: str, connection: psycopg.Connection) -> None:
    batches = SqlSource(url).read(READ)
    next(iter(batches))
    [[sessions]] = connection.execute(SESSIONS).fetchall()
    assert sessions == 1
    batches.close()  # type: ignore[attr-defined]
    assert gone(connection)


def test_a_read_that_ends_leaves_no_session(url: str, connection: psycopg.Connection) -> None:
    assert len(list(SqlSource(url).read(READ))) >= 5
    assert gone(connection)


def test_a_session_that_is_ended_may_be_tried_again(url: str, connection: psycopg.Connection) -> None:
    batches = iter(SqlSource(url).read(READ))
    next(batches)
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(TransientError, match="postgresql://127"):
        list(batches)


def test_an_error_in_the_midst_of_the_rows_is_one_of_the_data(url: str, connection: psycopg.Connection) -> None:
    query = "SELECT id, (1 / (250000 - id))::text AS name FROM pets"
    with pytest.raises(DataError, match="division by zero"):
        list(SqlSource(url).read(Read(MODEL, origin=query)))


def test_a_time_limit_may_be_tried_again(url: str, connection: psycopg.Connection) -> None:
    query = "SELECT 1 AS id, pg_sleep(10)::text AS name"
    with pytest.raises(TransientError, match="statement timeout"):
        list(SqlSource(f"{url}?options=-c%20statement_timeout%3D50").read(Read(MODEL, origin=query)))


def test_a_lock_that_is_held_too_long_may_be_tried_again(url: str, connection: psycopg.Connection) -> None:
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE pets")
        with pytest.raises(TransientError, match="lock timeout"):
            list(SqlSource(f"{url}?options=-c%20lock_timeout%3D50").read(READ))


def test_a_table_that_may_not_be_read_is_named(url: str, connection: psycopg.Connection) -> None:
    connection.execute("DROP ROLE IF EXISTS stranger")
    connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    with pytest.raises(ConfigError, match=r"permission denied for table pets \(GRANT"):
        list(SqlSource(url.replace("syncline:s3same", "stranger:stranger")).read(READ))


def test_too_many_sessions_may_be_tried_again(url: str, connection: psycopg.Connection) -> None:
    connection.execute("DROP ROLE IF EXISTS alone")
    connection.execute("CREATE ROLE alone LOGIN PASSWORD 'alone' CONNECTION LIMIT 1")
    theirs = url.replace("syncline:s3same", "alone:alone")
    with psycopg.connect(theirs), pytest.raises(TransientError, match="too many connections"):
        SqlSource(theirs).check()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("s3same", "s3cret"), "password authentication failed"),
        (("/test_", "/nosuch_"), "does not exist"),
        (("syncline:s3same@", ""), "no password supplied"),
    ],
)
def test_settings_that_are_wrong_are_told_without_the_password(
    url: str, change: tuple[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGUSER", "syncline")
    for wrong in (url.replace(*change), f"{url}?sslmode=require", f"{url}?nosuch=1", f"{url}?sslmode=perhaps"):
        with pytest.raises(ConfigError, match="check `url:`") as caught:
            SqlSource(Secret(wrong)).check()
        assert "s3same" not in str(caught.value)
        assert "s3cret" not in str(caught.value)
    with pytest.raises(ConfigError, match=said):
        SqlSource(url.replace(*change)).check()


def test_a_server_that_is_not_there_may_be_tried_again() -> None:
    for place in ("127.0.0.1:1", "nosuch.invalid"):
        with pytest.raises(TransientError, match="does not answer"):
            SqlSource(f"postgres://me:word@{place}/shop").check()


def test_a_query_that_is_wrong_says_where(url: str) -> None:
    for query, said in (
        ("SELECT FROM WHERE", "syntax error"),
        ("SELECT * FROM nosuch", "nosuch"),
        ("select f()", "f()"),
    ):
        with pytest.raises(ConfigError) as caught:
            list(SqlSource(url).read(Read(MODEL, origin=query)))
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_nothing_can_be_written(url: str, connection: psycopg.Connection) -> None:
    connection.execute("CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'INSERT INTO pets VALUES (0) RETURNING id'")
    with pytest.raises(ConfigError, match="read-only transaction"):
        list(SqlSource(url).read(Read(MODEL, origin="SELECT f() AS id, 'x' AS name")))


def test_a_cursor_without_an_order_is_named(url: str, connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE things (id bigint PRIMARY KEY, name json)")
    with pytest.raises(ConfigError, match=r"`things\.name` cannot be a cursor"):
        list(SqlSource(url).read(Read(MODEL, origin="things", cursor_field="name")))


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("timestamp", "2023-01-02 11:59:59", "2023-01-02 12:00:00"),
        ("timestamptz", "2023-01-02 12:59:59+01", "2023-01-02 13:00+01"),
        ("date", "2023-01-01", "2023-01-02"),
        ("text", "2023-01-02 11:59:59", "2023-01-02 12:00:00"),
        ("text", "2023-01-02T11:59:59", "2023-01-02T12:00:00"),
        ("bigint", "1672660799", "1672660800"),
        ("bigint", "1672660799999", "1672660800000"),
        ("numeric", "1672660799.5", "1672660800.0"),
    ],
)
def test_a_date_is_compared_with_whatever_the_column_holds(url: str, kind: str, before: str, after: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TABLE pets (id bigint PRIMARY KEY, name {kind})")
        connection.execute(f"INSERT INTO pets VALUES (1, '{before}'), (2, '{after}'), (3, NULL)")
    date = datetime(2023, 1, 2, 12, tzinfo=UTC)
    request = Read(MODEL, SyncMode.FROM_DATE, "pets", cursor_field="name", from_date=date)
    found = [number for batch in SqlSource(url).read(request) for number in batch.rows.column("id").to_pylist()]  # type: ignore[union-attr]
    assert found == [2]


def test_two_threads_may_read_at_once(url: str, connection: psycopg.Connection) -> None:
    counts: list[int] = []
    read = lambda: counts.append(sum(len(batch.rows) for batch in SqlSource(url).read(READ)))  # type: ignore[arg-type, misc]  # noqa: E731
    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [300_000, 300_000]
