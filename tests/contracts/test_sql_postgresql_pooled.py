"""PostgreSQL behind a PgBouncer, whose sessions are lent for one transaction only."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.contracts.pgbouncer import PROGRAM, Pooled, pooling
from tests.contracts.postgresql import Server
from tests.contracts.test_sql_postgresql_15 import TestDestination, TestLease, TestMigration, TestSource, TestStore

__all__ = ["TestDestination", "TestLease", "TestMigration", "TestSource", "TestStore"]

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no PgBouncer: Debian `pgbouncer`")


@pytest.fixture(scope="module")
def pooled(postgresql: Server) -> Iterator[Pooled]:
    with pooling(postgresql) as pooled:
        yield pooled


@pytest.fixture
def url(pooled: Pooled) -> str:
    return pooled.new_database()


def test_one_session_serves_two_clients(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as one, psycopg.connect(url, autocommit=True) as other:
        sessions = [client.execute("SELECT pg_backend_pid()").fetchone() for client in (one, other)]
    assert sessions[0] == sessions[1]
