import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlDestination, SqlSource
from syncline import DataModel, Destination, Read, Target
from syncline.conform import conform
from syncline.testing.destination import DestinationContract
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


class TestSqlite(DestinationContract):
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


class TestPostgresql(DestinationContract):
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
