"""A stranger's connectors, installed, and a file to name them in."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from syncline.config import load_connection
from syncline.connection import Connection
from syncline.workspace import Workspace
from tests.domain.shelf import PLUGIN, Load, Place
from tests.domain.yamls import complaints


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A distribution with two connectors, installed the way a stranger's is."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "shelf_plugin.py").write_text(PLUGIN)
    info = folder / "shelf-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
    points = "[syncline.sources]\nshelf = shelf_plugin:ShelfSource\n\n"
    points += "[syncline.destinations]\nshelf = shelf_plugin:ShelfDestination\n"
    (info / "entry_points.txt").write_text(points)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))
    sys.modules.pop("shelf_plugin", None)


@pytest.fixture
def load(tmp_path: Path, shelf: None) -> Load:
    def loaded(text: str | bytes) -> Connection:
        file = tmp_path / "connections" / "shop.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        connection = load_connection(file, tmp_path)
        assert not complaints(file.read_bytes())  # nor would an editor
        return connection

    return loaded


@pytest.fixture
def place(tmp_path: Path, shelf: None) -> Place:
    def made(settings: str = "", connection: str = "") -> Workspace:
        (tmp_path / "connections").mkdir(exist_ok=True)
        (tmp_path / "syncline.yaml").write_text(dedent(settings))
        (tmp_path / "connections" / "shop.yaml").write_text(dedent(connection))
        if not Workspace.open(tmp_path).errors:
            assert not complaints((tmp_path / "syncline.yaml").read_bytes() or "{}", "workspace")
            assert not complaints((tmp_path / "connections" / "shop.yaml").read_bytes())
        return Workspace.open(tmp_path)

    return made
