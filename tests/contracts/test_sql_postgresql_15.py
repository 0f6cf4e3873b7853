"""The oldest PostgreSQL that we try, as a source, a destination and a store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.testing.lease import LeaseContract
from syncline.testing.migration import MigrationContract
from syncline.testing.store import StoreContract
from tests.contracts.postgresql import Server, running
from tests.contracts.postgresql_database import ask
from tests.contracts.test_sql_destination import TestPostgresql as OfDestinations
from tests.contracts.test_sql_source import TestPostgresql as OfSources

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
pytestmark = pytest.mark.skipif(not PROGRAMS.exists(), reason=f"no PostgreSQL 15 in {PROGRAMS}: Debian `postgresql-15`")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    with running(PROGRAMS) as server:
        yield server


def test_it_is_that_one(url: str) -> None:
    assert ask(url, "SELECT current_setting('server_version_num')::int / 10000") == [(15,)]


class TestSource(OfSources):
    pass


class TestDestination(OfDestinations):
    pass


class TestStore(StoreContract):
    pass


class TestLease(LeaseContract):
    pass


class TestMigration(MigrationContract):
    pass
