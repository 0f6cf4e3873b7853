"""What these tests share: one Prefect server, started when the first of them asks for it."""

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client

from deployments.server import connected, prefect_server


@pytest.fixture(scope="session")
def prefect_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a server of their own; Prefect's client talks to it."""
    home = tmp_path_factory.mktemp("prefect")
    with prefect_server(home) as url, connected(url, home):
        yield url


@pytest.fixture
def client(prefect_url: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client
