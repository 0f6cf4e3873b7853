"""Where things stand and what they are called."""

import re
import sys
from pathlib import Path

LONGEST = 300
GENERIC = ("connectors", "deployments", "flows", "tasks")
TEST_FOLDERS = {"architecture", "contracts", "domain", "edge"}
NO_NAMES = {"base", "common", "handler", "helper", "helpers", "manager", "misc", "util", "utils"}
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|mnt|opt|root|tmp|work|Users)/")
PACKAGE_INDEX = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.org|https?://\S+/simple\b")


def python(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix == ".py"]


def mentions(root: Path, files: list[Path], pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in files:
        content = (root / path).read_bytes()
        if b"\0" not in content:
            lines = enumerate(content.decode(errors="replace").splitlines(), start=1)
            found += [f"{path}:{number}: {line.strip()}" for number, line in lines if pattern.search(line)]
    return found


def test_a_file_has_one_subject_and_at_most_300_lines(root: Path, files: list[Path]) -> None:
    lengths = {
        path: len((root / path).read_text().splitlines()) for path in python(files) if "migrations" not in path.parts
    }
    assert lengths
    assert not {str(path): lines for path, lines in lengths.items() if lines > LONGEST}


def test_no_module_has_a_name_that_says_nothing(files: list[Path]) -> None:
    assert not [str(path) for path in python(files) if NO_NAMES & {*path.parts, path.stem}]


def test_the_packages_with_generic_names_are_empty(root: Path) -> None:
    for package in GENERIC:
        assert (root / package / "__init__.py").read_bytes() == b"", f"{package}/__init__.py must stay empty"


def test_no_module_in_them_bears_a_standard_library_name(files: list[Path]) -> None:
    inside = [path for path in python(files) if path.parts[0] in GENERIC]
    assert inside
    names = {part.removesuffix(".py") for path in inside for part in path.parts[1:]}
    assert not names & sys.stdlib_module_names


def test_every_test_stands_in_one_of_the_four_folders(files: list[Path]) -> None:
    inside = [path for path in files if path.parts[0] == "tests" and path != Path("tests/conftest.py")]
    assert not [str(path) for path in inside if path.parts[1] not in TEST_FOLDERS]


def test_no_file_names_a_path_of_a_machine(root: Path, files: list[Path]) -> None:
    assert not mentions(root, files, MACHINE_PATH)


def test_no_file_names_a_package_index(root: Path, files: list[Path]) -> None:
    assert not mentions(root, files, PACKAGE_INDEX)


def test_what_is_looked_for_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text(f"see {Path('/', 'tmp', 'x')}\npypi{'.'}org\n")
    assert len(mentions(tmp_path, [Path("bad")], MACHINE_PATH)) == 1
    assert len(mentions(tmp_path, [Path("bad")], PACKAGE_INDEX)) == 1
