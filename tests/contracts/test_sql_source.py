from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlSource, alchemy_reader
from connectors.sql.reading import Reader
from syncline import ConfigError, Read, Secret, Source, SyncMode, TransientError
from syncline.testing.source import PETS, Reading, Row, SourceContract, pet
from tests.contracts.postgresql import Server
from tests.contracts.sqlite_file import TABLE, execute


class SqlContract(SourceContract):
    def test_all_of_a_read_sees_one_snapshot(self, source: Source) -> None:
        rows = [pet(number, 1) for number in range(70_000)]
        self.fill(source, rows)
        again = pa.table({"id": pa.array([100_000], pa.int64())})
        batches = source.read(self.request(mode=SyncMode.INCREMENTAL, since=self.since(source), again=again))
        read = [next(batches)]
        self.fill_while_reading(source, [*rows, pet(100_000, 1)])
        assert 100_000 not in Reading.of([*read, *batches], PETS).ids


class SqliteRows(SqlContract):
    path: Path

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.path = tmp_path / "shop é#%20.db"

    def fill(self, source: Source, rows: Sequence[Row]) -> None:
        values = [(row["id"], row["name"], row["updated_at"] and str(row["updated_at"]), b"\0") for row in rows]
        execute(self.path, "DROP TABLE IF EXISTS pets", TABLE, pets=values)


class TestSqlite(SqliteRows):
    @pytest.fixture
    def source(self) -> Source:
        return SqlSource(f"sqlite:///{self.path}")


class TestSqliteByQuery(SqliteRows):
    origin = "SELECT updated_at, id, name FROM pets"

    @pytest.fixture
    def source(self) -> Source:
        return SqlSource(Secret(f"sqlite:///{self.path}"))


class TestSqliteThroughSqlalchemy(SqliteRows):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.path = tmp_path / "shop.db"

    @pytest.fixture
    def source(self) -> Source:
        return SqlSource(f"sqlite+pysqlite:///{self.path}")


class TestSqliteByQueryThroughSqlalchemy(TestSqliteThroughSqlalchemy):
    origin = "SELECT updated_at, id, name FROM pets WHERE name <> 'a :b % c'"


class TestPostgresql(SqlContract):
    @pytest.fixture
    def source(self, postgresql: Server) -> Source:
        return SqlSource(Secret(with_psycopg(postgresql.new_database())))

    def fill(self, source: Source, rows: Sequence[Row]) -> None:
        """Rows that stay as they are must not be written again, for those count as new (R9)."""
        assert isinstance(source, SqlSource)
        with psycopg.connect(without_psycopg(source.url)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS pets (id bigint PRIMARY KEY, name text, updated_at timestamp, extra jsonb)"
            )
            cursor.execute("CREATE TEMP TABLE wanted AS SELECT id, name, updated_at FROM pets WHERE false")
            with cursor.copy("COPY wanted FROM STDIN") as copy:
                for row in rows:
                    copy.write_row((row["id"], row["name"], row["updated_at"]))
            cursor.execute("DELETE FROM pets WHERE id NOT IN (SELECT id FROM wanted)")
            cursor.execute("INSERT INTO pets SELECT * FROM wanted WHERE id NOT IN (SELECT id FROM pets)")

    def fill_while_reading(self, source: Source, rows: Sequence[Row]) -> None:
        assert isinstance(source, SqlSource)
        with psycopg.connect(without_psycopg(source.url)) as connection:
            connection.execute("INSERT INTO pets VALUES (%s, %s, %s)", list(rows[-1].values()))


class TestPostgresqlByQuery(TestPostgresql):
    origin = "SELECT updated_at, id, name FROM pets WHERE name <> 'a :b % c' OR now()::date IS NULL -- all"


class SlowSource(SqlSource):
    """Any database through SQLAlchemy, whatever quicker way there is."""

    @contextmanager
    def _reading(self) -> Iterator[Reader]:
        with alchemy_reader.reading(self.url, self.schema) as reader:
            yield reader


class TestPostgresqlThroughSqlalchemy(TestPostgresql):
    @pytest.fixture
    def source(self, postgresql: Server) -> Source:
        return SlowSource(Secret(postgresql.new_database()))


class TestPostgresqlByQueryThroughSqlalchemy(TestPostgresqlThroughSqlalchemy):
    origin = "SELECT updated_at, id, name FROM pets WHERE name <> 'a :b % c' OR now()::date IS NULL"


def test_a_server_that_lets_nobody_in_says_what_to_change(postgresql: Server) -> None:
    right = with_psycopg(postgresql.new_database())
    for wrong in (right.replace("s3same", "s3cret"), right[:-3]):
        with pytest.raises(ConfigError, match="check `url:`") as caught:
            SqlSource(wrong).check()
        assert "s3cret" not in str(caught.value)


def test_the_types_of_postgresql_are_told_and_read(postgresql: Server) -> None:
    url = postgresql.new_database()
    with psycopg.connect(url) as connection:
        connection.execute(
            """CREATE TABLE things (a smallint, b integer, c bigint, d numeric(12,2), e real, f double precision,
            g boolean, h text, i varchar(9), j date, k time, l timestamp, m timestamptz, n bytea, o uuid, p jsonb,
            PRIMARY KEY (i, a))"""
        )
        connection.execute(
            """INSERT INTO things VALUES (1, 2, 3, 4.50, 0.5, 0.1, true, 'ä', 'x', '2020-02-29', '01:02:03.000004',
            '2020-02-29 01:02:03.000004', '2020-02-29 01:02:03+02', '\\x00ff',
            '00000000-0000-0000-0000-000000000001', '{"a": [1]}')"""
        )
        connection.execute("CREATE MATERIALIZED VIEW seen AS SELECT * FROM things")
    source = SqlSource(with_psycopg(url))
    model = source.describe("things")
    assert model is not None
    assert model.key == ("i", "a")
    [row] = Reading.of(source.read(Read(model, origin="things")), model).rows
    assert [str(value) for value in row.values()] == [
        *("1", "2", "3", "4.50", "0.5", "0.1", "True", "ä", "x", "2020-02-29", "01:02:03.000004"),
        *("2020-02-29 01:02:03.000004", "2020-02-28 23:02:03+00:00", r"b'\x00\xff'"),
        *("00000000-0000-0000-0000-000000000001", '{"a": [1]}'),
    ]
    assert source.columns("public.seen") == model.schema


def test_an_unreachable_server_may_be_tried_again_and_no_password_is_told() -> None:
    source = SqlSource(Secret("postgresql+psycopg://me:s3same@127.0.0.1:1/shop"))
    with pytest.raises(TransientError, match="postgresql://127") as caught:
        source.check()
    assert "s3same" not in str(caught.value) + repr(source) + source.identity()


def test_an_unknown_system_is_named() -> None:
    with pytest.raises(ConfigError, match="nosuchdb"):
        SqlSource("nosuchdb://host/shop").check()


def with_psycopg(url: str) -> str:
    return url.replace("postgresql:", "postgresql+psycopg:")


def without_psycopg(url: str) -> str:
    revealed = url.reveal() if isinstance(url, Secret) else url
    return revealed.replace("postgresql+psycopg:", "postgresql:")
