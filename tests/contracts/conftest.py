import pytest

from connectors.sql import SqlDestination
from tests.contracts.postgresql import Server


@pytest.fixture
def url(postgresql: Server) -> str:
    """A new database."""
    return postgresql.new_database()


@pytest.fixture
def destination(url: str) -> SqlDestination:
    return SqlDestination(url)
