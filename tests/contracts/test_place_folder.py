"""A folder is a place for published files."""

from pathlib import Path

import pytest

from syncline.publication.folder import Folder
from syncline.publication.place import Place
from syncline.testing.place import PlaceContract


class TestFolder(PlaceContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Folder(tmp_path / "Ünï cödé")
