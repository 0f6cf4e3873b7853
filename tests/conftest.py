"""What holds for every test: a developer's own Syncline is out of reach, and slowness alone is no failure."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.contracts.postgresql import Server, running

for name in [name for name in os.environ if name.startswith("SYNCLINE_")]:
    del os.environ[name]

# Tests interrupt programs, which shells have what runs behind ignore.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("syncline", deadline=None, print_blob=True)
settings.load_profile("syncline")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One PostgreSQL server for all tests; each takes a database of its own from it."""
    with running() as server:
        yield server
