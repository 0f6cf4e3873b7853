"""What these tests share: one Prefect server, started when the first of them asks for it."""

import signal
import sqlite3
from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client

from deployments.server import connected, prefect_server
from syncline.workspace import Workspace
from tests.edge.with_prefect.served import CONNECTION, Served


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


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "connections").mkdir()
    (folder / "syncline.yaml").write_text("allow_private_urls: true\n")
    clock = CONNECTION.format(model="TICKS", more=", schedule: {every: 2s}")
    (folder / "connections" / "clock.yaml").write_text(clock)
    (folder / "connections" / "shop.yaml").write_text(CONNECTION.format(model="ORDERS", more=""))
    shop = sqlite3.connect(folder / "shop.db")
    shop.executescript(
        "create table orders (id integer primary key, total text); insert into orders values (1, '9.90')"
    )
    shop.close()
    return Workspace.open(folder)


@pytest.fixture(scope="module")
def served(workspace: Workspace, prefect_url: str) -> Iterator[Served]:
    served = Served(workspace, prefect_url)
    assert served.api_url == prefect_url
    yield served
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(30) == 0
