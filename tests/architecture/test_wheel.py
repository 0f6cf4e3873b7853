"""What people get who install Syncline."""

import subprocess
import sys
from importlib.metadata import Distribution, EntryPoints, PathDistribution
from pathlib import Path
from zipfile import Path as ZipPath
from zipfile import ZipFile

import pytest

PACKAGES = {"connectors", "deployments", "flows", "syncline", "tasks"}
ENTRY_POINTS = {
    ("console_scripts", "syncline"),
    ("syncline.destinations", "sql"),
    ("syncline.sources", "files"),
    ("syncline.sources", "pushed"),
    ("syncline.sources", "sql"),
}


@pytest.fixture(scope="session")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def contents(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def entry_points(wheel: Path) -> EntryPoints:
    inside = next(path for path in ZipPath(wheel).iterdir() if path.name.endswith(".dist-info"))
    distribution: Distribution = PathDistribution(inside)
    return distribution.entry_points


def test_the_wheel_holds_every_file_of_the_packages(contents: set[str], files: list[Path]) -> None:
    expected = {path.as_posix() for path in files if path.parts[0] in PACKAGES}
    assert expected - contents == set()


def test_the_wheel_holds_types_and_migrations(contents: set[str]) -> None:
    assert "syncline/py.typed" in contents
    assert [
        name for name in contents if name.startswith("syncline/store/migrations/versions/") and name.endswith(".py")
    ]


def test_the_wheel_holds_nothing_else(contents: set[str]) -> None:
    tops = {name.split("/")[0] for name in contents}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_the_entry_points_are_there_and_lead_somewhere(entry_points: EntryPoints) -> None:
    assert {(point.group, point.name) for point in entry_points} >= ENTRY_POINTS
    for point in entry_points:
        assert callable(point.load()), point.value
