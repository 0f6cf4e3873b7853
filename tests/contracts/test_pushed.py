from pathlib import Path

import pytest

from syncline.testing.pushed import PushContract
from tests.contracts.postgresql import Server


class TestPushedToSqlite(PushContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/store.db"


class TestPushedToPostgresql(PushContract):
    @pytest.fixture
    def url(self, postgresql: Server) -> str:
        return postgresql.new_database()
