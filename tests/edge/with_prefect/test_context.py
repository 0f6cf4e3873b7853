"""What the pages and the API know of Prefect."""

from pathlib import Path

import httpx
import pytest
from prefect.settings import PREFECT_API_URL

from deployments.server import connected
from deployments.web import listening, served, url_of
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]
GIVEN = {
    "connection": "made",
    "source": {"kind": "files"},
    "models": {"PETS": {"from": "pets", "key": "id", "columns": {"id": "int64"}, "publish": {"format": "csv"}}},
}


class Starter(ThreadStarter):
    """One that notes at which server Prefect would be told of connections."""

    told = ""

    def follow(self) -> None:
        self.told = str(PREFECT_API_URL.value())


def test_prefect_hears_of_a_connection_at_our_server_and_starts_none_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    (tmp_path / "connections").mkdir()
    workspace = Workspace.open(tmp_path)
    starter, ours = Starter(workspace), "http://127.0.0.1:9/api"
    with connected(ours), listening("127.0.0.1", 0) as line, served(workspace, line, starter):
        made = httpx.post(f"{url_of(line)}/api/v1/connections", json=GIVEN)
    assert (made.status_code, starter.told) == (201, ours)
    workspace.store.close()
