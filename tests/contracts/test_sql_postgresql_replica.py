"""A replica of PostgreSQL as a source: what its primary commits comes from it, however late (R9)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlDestination, SqlSource, postgresql_link, postgresql_range
from syncline import ConfigError, Cursor, DataModel, Read, SyncMode, TransientError
from syncline.testing.source import Reading
from tests.contracts.postgresql import Server, running
from tests.contracts.postgresql_database import ask
from tests.contracts.test_sql_postgresql_late import EARLY, LATE, MIDDLE, MODEL, insert

WIDE = DataModel("pets", pa.schema([*MODEL.schema, pa.field("note", pa.string())]), ("id",))
MANY = 100
"""More subtransactions than a server keeps in mind for each transaction."""


@dataclass
class Pair:
    """A database at the primary and at the replica, and a reader of the second who remembers the cursor."""

    primary: str
    replica: str
    since: dict[str, Cursor] = field(default_factory=dict)

    def follow(self, how: str = "replay") -> None:
        """Wait until the replica has all that was committed, or at least received it."""
        [[place]] = ask(self.primary, "SELECT pg_current_wal_flush_lsn()::text")
        ask(
            self.replica,
            "DO $$ BEGIN SET LOCAL statement_timeout = '20s'; "
            f"WHILE pg_last_wal_{how}_lsn() < '{place}' LOOP PERFORM pg_sleep(0.005); END LOOP; END $$",
        )

    def read(self) -> list[int]:
        self.follow()
        mode = SyncMode.INCREMENTAL if self.since else SyncMode.FULL
        request = Read(MODEL, mode, "pets", cursor_field="at", since=self.since)
        reading = Reading.of(SqlSource(self.replica).read(request), MODEL)
        self.since = dict(reading.cursors)
        return reading.ids


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    with running() as primary, running(replica_of=primary, max_standby_streaming_delay="0") as replica:
        yield primary, replica


@pytest.fixture
def pair(servers: tuple[Server, Server]) -> Pair:
    primary, replica = servers
    url = primary.new_database()
    ask(url, "CREATE TABLE pets (id bigint PRIMARY KEY, at timestamptz, note text)")
    ask(url, "INSERT INTO pets VALUES (1, %s)", MIDDLE)
    pair = Pair(url, replica.url(url.rpartition("/")[2]))
    Pair(primary.url("postgres"), replica.url("postgres")).follow()
    return pair


def at_once(connection: psycopg.Connection) -> None:
    insert(connection, 2, EARLY)


def after_many_subtransactions(connection: psycopg.Connection) -> None:
    insert(connection, 2, EARLY)
    for number in range(MANY):
        with connection.transaction():
            insert(connection, 100 + number, EARLY)


@pytest.mark.parametrize("write", [at_once, after_many_subtransactions])
def test_a_transaction_that_ends_late_with_an_old_time_is_not_missed(
    pair: Pair, write: Callable[[psycopg.Connection], None]
) -> None:
    with psycopg.connect(pair.primary) as late:
        write(late)
        ask(pair.primary, "INSERT INTO pets VALUES (3, %s)", LATE)
        assert pair.read() == [1, 3]
        assert 2 not in pair.read()
    assert 2 in pair.read()
    assert 2 not in pair.read()


def test_it_is_read_by_several_connections_at_once(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(pair.primary, "INSERT INTO pets SELECT i, now() FROM generate_series(2, 20000) AS i")
    ask(pair.primary, "ANALYZE pets")
    for name, value in {"READERS": 3, "RANGE_ROWS": 1000}.items():
        monkeypatch.setattr(postgresql_range, name, value)
    links: list[str] = []
    begin = postgresql_link.Link.begin

    def heard(link: postgresql_link.Link, snapshot: str = "") -> None:
        begin(link, snapshot)
        links.append(snapshot)

    monkeypatch.setattr(postgresql_link.Link, "begin", heard)
    pair.follow()
    rows: list[Any] = Reading.of(SqlSource(pair.replica).read(Read(MODEL, origin="pets")), MODEL).ids
    assert rows == list(range(1, 20001))
    assert [bool(snapshot) for snapshot in links] == [False, True, True]


def test_a_read_that_the_replica_breaks_off_to_keep_up_may_be_tried_again(pair: Pair) -> None:
    ask(pair.primary, "INSERT INTO pets SELECT i, now(), repeat('x', 20000) FROM generate_series(2, 5000) AS i")
    pair.follow()
    batches = iter(SqlSource(pair.replica).read(Read(WIDE, origin="pets")))
    next(batches)
    with psycopg.connect(pair.primary, autocommit=True) as connection:
        connection.execute("DELETE FROM pets WHERE id < 2000")
        connection.execute("VACUUM pets")
        insert(connection, 1, LATE)  # a commit that is on disk, and all before it
    pair.follow("receive")  # it cannot be replayed as long as the reader does not go on
    with pytest.raises(TransientError, match="conflict with recovery"):
        list(batches)


def test_it_cannot_be_loaded_and_who_tries_is_told_what_can(pair: Pair) -> None:
    with pytest.raises(ConfigError, match="can only be read") as told:
        SqlDestination(pair.replica).check()
    assert "its primary can" in str(told.value)


def test_reading_goes_on_when_the_replica_has_become_the_primary() -> None:
    with running() as primary:
        url = primary.new_database()
        ask(url, "CREATE TABLE pets (id bigint PRIMARY KEY, at timestamptz)")
        ask(url, "INSERT INTO pets VALUES (1, %s)", MIDDLE)
        with running(replica_of=primary) as replica:
            pair = Pair(url, replica.url(url.rpartition("/")[2]))
            assert pair.read() == [1]
            ask(pair.replica, "SELECT pg_promote()")
            ask(pair.replica, "INSERT INTO pets VALUES (2, %s), (3, %s)", EARLY, LATE)
            pair.primary = pair.replica
            pair.follow = lambda how="": None  # type: ignore[method-assign]
            assert pair.read() == [1, 2, 3]  # the last row that was seen is seen again
