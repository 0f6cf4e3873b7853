"""No transaction is missed, however late it ends and however old the times are that it wrote (R9)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlSource
from connectors.sql.postgresql_late import unseen
from syncline import ConfigError, Connection, Cursor, DataModel, ModelSync, Read, Request, SyncMode, Target, pipeline
from syncline.storage import Storage
from syncline.store import open_store
from syncline.testing.memory import MemoryDestination
from syncline.testing.source import Reading
from tests.contracts.postgresql import Server

MODEL = DataModel("pets", pa.schema({"id": pa.int64(), "at": pa.timestamp("us", tz="UTC")}), ("id",))
EARLY, MIDDLE, LATE = "2020-01-01 00:00:00+00", "2022-02-02 00:00:00+00", "2024-04-04 00:00:00.000001+00"


class Shop:
    """A table of pets, and a reader who remembers its cursor."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.source = SqlSource(url)
        self.since: dict[str, Cursor] = {}
        with self.open() as connection:
            connection.execute("CREATE TABLE pets (id bigint PRIMARY KEY, at timestamptz, note text)")
            insert(connection, 1, MIDDLE)

    @contextmanager
    def open(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.url) as connection:
            yield connection

    def read(self, origin: str = "pets", overlap: timedelta | None = None) -> list[int]:
        mode = SyncMode.INCREMENTAL if self.since else SyncMode.FULL
        request = Read(MODEL, mode, origin, cursor_field="at", since=self.since, overlap=overlap)
        reading = Reading.of(self.source.read(request), MODEL)
        self.since = dict(reading.cursors)
        return reading.ids


@pytest.fixture
def shop(postgresql: Server) -> Shop:
    return Shop(postgresql.new_database())


def insert(connection: psycopg.Connection, number: int, at: str | None) -> None:
    connection.execute("INSERT INTO pets VALUES (%s, %s)", [number, at])


def copied(connection: psycopg.Connection) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY pets (id, at) FROM STDIN") as copy:
        copy.write_row((2, EARLY))


def updated(connection: psycopg.Connection) -> None:
    connection.execute("INSERT INTO pets VALUES (2, %s) ON CONFLICT (id) DO UPDATE SET at = excluded.at", [EARLY])


def in_a_subtransaction(connection: psycopg.Connection) -> None:
    with connection.transaction(), connection.transaction():
        insert(connection, 2, EARLY)


def in_a_block_that_went_on_after_an_error(connection: psycopg.Connection) -> None:
    connection.execute(
        "DO $$ BEGIN BEGIN PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN "
        "INSERT INTO pets VALUES (2, '2020-01-01'); END; END $$"
    )


@pytest.mark.parametrize("write", [copied, updated, in_a_subtransaction, in_a_block_that_went_on_after_an_error])
def test_a_transaction_that_ends_late_with_an_old_time_is_not_missed(
    shop: Shop, write: Callable[[psycopg.Connection], None]
) -> None:
    with shop.open() as slow:
        slow.execute("SELECT pg_current_xact_id()")
        with shop.open() as quick:
            insert(quick, 3, LATE)
        write(slow)
        assert shop.read() == [1, 3]
        assert shop.read() == [3]
    assert shop.read() == [2, 3]
    assert shop.read() == [3]


def test_a_transaction_that_wrote_nothing_yet_when_others_were_read_is_not_missed(shop: Shop) -> None:
    with shop.open() as slow:
        slow.execute("SELECT now()")
        with shop.open() as quick:
            insert(quick, 3, LATE)
        assert shop.read() == [1, 3]
        insert(slow, 2, EARLY)
    assert shop.read() == [2, 3]


def test_an_old_time_that_is_set_by_hand_is_not_missed(shop: Shop) -> None:
    assert shop.read() == [1]
    with shop.open() as connection:
        insert(connection, 2, EARLY)
    assert shop.read() == [1, 2]


def test_what_was_rolled_back_never_comes(shop: Shop) -> None:
    with shop.open() as slow:
        insert(slow, 2, EARLY)
        slow.execute("SAVEPOINT half")
        insert(slow, 4, EARLY)
        assert shop.read() == [1]
        slow.execute("ROLLBACK TO half")
    assert shop.read() == [1, 2]
    with shop.open() as given_up:
        insert(given_up, 5, LATE)
        assert shop.read() == [1]
        given_up.rollback()
    assert shop.read() == [1]


def test_a_prepared_transaction_is_not_missed(shop: Shop) -> None:
    with shop.open() as slow:
        slow.tpc_begin(slow.xid(1, "late", "half"))
        insert(slow, 2, EARLY)
        slow.tpc_prepare()
        with shop.open() as quick:
            insert(quick, 3, LATE)
        assert shop.read() == [1, 3]
        slow.tpc_commit()
    assert shop.read() == [2, 3]


def test_several_may_be_open_over_several_reads(shop: Shop) -> None:
    with shop.open() as first, shop.open() as second, shop.open() as third:
        for number, slow in enumerate((first, second, third), start=2):
            insert(slow, number, EARLY)
        assert shop.read() == [1]
        for number, slow in ((4, third), (2, first), (3, second)):
            slow.commit()
            assert number in shop.read()
    assert 1 in shop.read()


def test_rows_without_a_time_come_each_time(shop: Shop) -> None:
    with shop.open() as connection:
        insert(connection, 2, None)
    assert [shop.read(), shop.read()] == [[1, 2], [1, 2]]


def test_in_a_partitioned_table_nothing_is_missed_either(shop: Shop) -> None:
    with shop.open() as connection:
        connection.execute("CREATE TABLE herd (id bigint PRIMARY KEY, at timestamptz) PARTITION BY RANGE (id)")
        connection.execute("CREATE TABLE herd_1 PARTITION OF herd FOR VALUES FROM (0) TO (10)")
        connection.execute("CREATE TABLE herd_2 PARTITION OF herd FOR VALUES FROM (10) TO (20)")
        connection.execute("INSERT INTO herd VALUES (1, %s), (11, %s)", [MIDDLE, LATE])
    with shop.open() as slow:
        slow.execute("INSERT INTO herd VALUES (2, %s), (12, %s)", [EARLY, EARLY])
        assert shop.read("herd") == [1, 11]
    assert shop.read("herd") == [2, 11, 12]


def test_of_a_materialized_view_everything_made_anew_is_read(shop: Shop) -> None:
    with shop.open() as connection:
        connection.execute("CREATE MATERIALIZED VIEW seen AS SELECT * FROM pets")
    assert shop.read("seen") == [1]
    with shop.open() as connection:
        insert(connection, 2, EARLY)
        connection.execute("REFRESH MATERIALIZED VIEW seen")
    assert shop.read("seen") == [1, 2]


@pytest.mark.parametrize("origin", ["seen", "SELECT * FROM pets"])
def test_views_and_queries_need_an_overlap(shop: Shop, origin: str) -> None:
    with shop.open() as connection:
        connection.execute("CREATE VIEW seen AS SELECT * FROM pets")
    with shop.open() as slow:
        insert(slow, 2, EARLY)
        with shop.open() as quick:
            insert(quick, 3, LATE)
        assert shop.read(origin) == [1, 3]
    assert shop.read(origin) == [3]
    assert shop.read(origin, overlap=timedelta(days=800)) == [1, 3]
    assert shop.read(origin, overlap=timedelta(days=1600)) == [1, 2, 3]


def test_a_column_of_dates_has_an_overlap_too_and_one_of_numbers_has_none(shop: Shop) -> None:
    assert shop.read("SELECT id, at::date AS at FROM pets") == [1]
    assert shop.since[""] == {"at": "2022-02-02", "snapshot": shop.since[""]["snapshot"]}  # type: ignore[index, call-overload]
    assert shop.read("SELECT id, at::date - 1 AS at FROM pets") == []
    shop.since = {"": "2022-02-02"}
    assert shop.read("SELECT id, at::date - 1 AS at FROM pets", timedelta(days=1)) == [1]
    shop.since = {"": "7"}
    with pytest.raises(ConfigError, match="overlap"):
        shop.read("SELECT id, id AS at FROM pets", timedelta(days=1))


def test_a_cursor_of_the_slow_path_is_understood(shop: Shop) -> None:
    with shop.open() as connection:
        insert(connection, 2, EARLY)
    shop.since = {"": "2022-02-02T00:00:00+00:00"}
    assert shop.read() == [1]
    with shop.open() as connection:
        insert(connection, 3, EARLY)
    assert shop.read() == [1, 3]


def test_a_cursor_of_another_server_means_everything_is_read(shop: Shop) -> None:
    shop.since = {"": {"at": LATE, "snapshot": "1000000000:1000000000:"}}
    assert shop.read() == [1]


def test_who_may_see_some_columns_only_reads_by_the_cursor(shop: Shop) -> None:
    with shop.open() as connection:
        connection.execute("DROP ROLE IF EXISTS narrow")
        connection.execute("CREATE ROLE narrow LOGIN PASSWORD 'narrow'")
        connection.execute("GRANT SELECT (id, at) ON pets TO narrow")
    shop.source = SqlSource(shop.url.replace("syncline:s3same", "narrow:narrow"))
    assert [shop.read(), shop.read()] == [[1], [1]]


def test_late_rows_are_counted(shop: Shop, tmp_path: Path) -> None:
    model = ModelSync("pets", "pets", Target("pets"), cursor="at")
    connection = Connection("shop", shop.source, MemoryDestination(), (model,))
    store, storage = open_store(f"sqlite:///{tmp_path}/store.db"), Storage(tmp_path / "files")
    with shop.open() as slow:
        insert(slow, 2, EARLY)
        with shop.open() as quick:
            insert(quick, 3, LATE)
        pipeline.sync(connection, Request(), store, storage)
    [part] = pipeline.sync(connection, Request(), store, storage).models
    assert (part.error, part.counts.inserted, part.counts.late) == ("", 1, 1)
    [part] = pipeline.sync(connection, Request(), store, storage).models
    assert (part.counts.read, part.counts.inserted, part.counts.late) == (1, 0, 0)


def test_of_a_large_table_few_rows_are_expected_so_that_it_is_read_as_it_lies(shop: Shop) -> None:
    with shop.open() as connection:
        connection.execute("INSERT INTO pets SELECT i, now(), repeat('.', 100) FROM generate_series(2, 20000) AS i")
        connection.execute("ANALYZE pets")
        late = unseen("740:745:740", "750:750:")
        query = f"SELECT id FROM pets AS syncline_rows WHERE at >= 'tomorrow' OR {late} ORDER BY id"
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {query}".encode()))
    assert "Seq Scan" in plan, plan
