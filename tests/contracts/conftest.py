from collections.abc import Iterator

import pytest

from tests.contracts.postgresql import Server, running


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One PostgreSQL server for all tests; each takes a database of its own from it."""
    with running() as server:
        yield server
