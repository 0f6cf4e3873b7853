"""The program, and a workspace to run it in."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.cli import main
from tests.contracts.postgresql import Server as Postgresql
from tests.edge.file_server import Server
from tests.edge.place_postgresql import PostgresqlPlace, new_place
from tests.edge.shop import Answer, Call


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    def called(*args: str) -> Answer:
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody types
        code = main(list(args))
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Answer(code, said.out, said.err)

    return called


@pytest.fixture
def shop(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example workspace; the current folder lies in it."""
    assert call("init", str(tmp_path / "shop")).code == 0
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of files, empty at first."""
    server = Server()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def place(postgresql: Postgresql, tmp_path: Path) -> PostgresqlPlace:
    """One database of PostgreSQL on both sides and for the store, to be killed in."""
    return new_place(postgresql, tmp_path)
