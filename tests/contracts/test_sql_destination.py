import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlDestination, SqlSource
from syncline import ConfigError, DataModel, Destination, Read, Target, TransientError
from syncline.conform import conform
from syncline.testing.changes import changeset
from syncline.testing.destination import MIA, PETS, PIP, REX, DestinationContract, request
from tests.contracts.postgresql import Server


def read(url: str, model: DataModel, target: Target) -> pa.Table:
    """The rows as our own source reads them."""
    alive = "WHERE _deleted_at IS NULL" if target.on_delete == "soft" else ""
    table = target.table.replace('"', '""')
    origin = f'SELECT * FROM "{table}" {alive}'
    batches = [batch for batch in SqlSource(url).read(Read(model, origin=origin)) if batch.rows is not None]
    done = [conform(batch.rows, model) for batch in batches if batch.rows is not None]
    assert not [item for part in done for item in part.rejected]
    return pa.concat_tables([model.schema.empty_table(), *(part.rows for part in done)])


class SqlContract(DestinationContract):
    def test_it_tells_whether_it_holds_a_plan(self, destination: Destination, tmp_path: Path) -> None:
        assert isinstance(destination, SqlDestination)
        target, asked = Target("pets"), request(changeset(PETS, tmp_path, inserts=[REX]))

        def holds(**other: Any) -> bool | None:
            return destination.holds(PETS, **({"target": target, "scope": asked.scope, "plan": asked.plan} | other))

        assert holds() is False
        destination.prepare(PETS, target)
        assert holds() is False
        destination.load(asked)
        assert holds() is True
        assert holds(plan="another") is holds(scope="a/b/c") is holds(target=Target("dogs")) is False


class TestSqlite(SqlContract):
    scheme = "sqlite"

    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return SqlDestination(f"{self.scheme}:///{tmp_path}/warehouse.db")

    def rows(self, destination: Destination, model: DataModel, target: Target) -> pa.Table:
        assert isinstance(destination, SqlDestination)
        return read(destination.url, model, target)

    def refuse(self, destination: Destination, target: Target, name: str) -> None:
        assert isinstance(destination, SqlDestination)
        with closing(sqlite3.connect(destination.url.partition(":///")[2])) as connection:
            for event in ("INSERT", "UPDATE"):
                connection.execute(
                    f"CREATE TRIGGER no_{event} AFTER {event} ON {target.table} WHEN NEW.name = '{name}' "
                    f"BEGIN SELECT RAISE(FAIL, 'no {name} here'); END"
                )


class TestSqliteThroughSqlalchemy(TestSqlite):
    scheme = "sqlite+pysqlite"


class TestPostgresql(SqlContract):
    @pytest.fixture
    def destination(self, postgresql: Server) -> Destination:
        return SqlDestination(postgresql.new_database().replace("postgresql:", "postgresql+psycopg:"))

    def rows(self, destination: Destination, model: DataModel, target: Target) -> pa.Table:
        assert isinstance(destination, SqlDestination)
        return read(destination.url, model, target)

    def refuse(self, destination: Destination, target: Target, name: str) -> None:
        assert isinstance(destination, SqlDestination)
        with psycopg.connect(destination.url.replace("+psycopg", "")) as connection:
            connection.execute(f"ALTER TABLE {target.table} ADD CHECK (name <> '{name}')")

    def test_a_deletion_that_a_trigger_swallows_is_named(self, destination: Destination, tmp_path: Path) -> None:
        assert isinstance(destination, SqlDestination)
        asked = request(changeset(PETS, tmp_path, inserts=[REX, MIA]))
        destination.prepare(PETS, asked.target)
        destination.load(asked)
        with psycopg.connect(destination.url.replace("+psycopg", "")) as connection:
            connection.execute(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
                f"CREATE TRIGGER t BEFORE DELETE ON {asked.target.table} FOR EACH ROW WHEN (OLD.id = 2) "
                "EXECUTE FUNCTION no()"
            )
        gone = replace(request(changeset(PETS, tmp_path, deletes=[REX, MIA, PIP])), plan="2")
        assert [item.key for item in destination.load(gone)] == [{"id": 2}]


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_asking_what_a_file_holds_makes_none(tmp_path: Path, scheme: str) -> None:
    assert SqlDestination(f"{scheme}:///{tmp_path}/x.db").holds(PETS, Target("pets"), "a/b/c", "1") is False
    with pytest.raises(ConfigError, match="no folder"):
        SqlDestination(f"{scheme}:///{tmp_path}/nowhere/x.db").holds(PETS, Target("pets"), "a/b/c", "1")
    assert not list(tmp_path.iterdir())


def test_a_server_that_does_not_answer_cannot_say_what_it_holds() -> None:
    with pytest.raises(TransientError):
        SqlDestination("postgresql+psycopg://127.0.0.1:1/shop").holds(PETS, Target("pets"), "a/b/c", "1")


def test_a_table_written_in_other_letters_is_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    [problem] = SqlDestination(f"sqlite+pysqlite:///{tmp_path}/x.db").problems(PETS, Target("T"))
    assert "no table `T`" in problem
