"""Who may know whom, where import-linter does not look."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import syncline

OURS = {"connectors", "deployments", "flows", "syncline", "tasks", "tests"}
SLOW = ("alembic", "fastapi", "pandas", "prefect")


def imports(source: str) -> Iterator[tuple[str, list[str]]]:
    """Each import as (module, names taken from it); a relative one keeps its dots."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), [alias.name for alias in node.names]


def by_the_door(module: str, names: list[str], own: str) -> bool:
    """Whether a connector, the module or package `own`, may import this."""
    if module == "syncline":
        return set(names) <= set(syncline.__all__)
    if module.split(".", maxsplit=1)[0] not in {*OURS, ""}:
        return True
    return f"{module}.".startswith((f"{own}.", "syncline.testing."))


def test_a_connector_knows_the_front_door_only(root: Path, files: list[Path]) -> None:
    connectors = [path for path in files if path.parts[0] == "connectors" and path.suffix == ".py"]
    assert connectors
    wrong = []
    for path in connectors:
        own = f"connectors.{path.parts[1].removesuffix('.py')}"
        for module, names in imports((root / path).read_text()):
            if not by_the_door(module, names, own):
                wrong.append(f"{path} imports {module} {names}")
    assert not wrong


def test_other_doors_are_closed_to_a_connector() -> None:
    inside = (
        "import syncline.store\nfrom syncline import diff as d, _x\nfrom connectors.files import y\nfrom . import z"
    )
    assert not [module for module, names in imports(inside) if by_the_door(module, names, "connectors.sql")]


def test_the_front_door_shows_what_it_lists(root: Path) -> None:
    declared = {
        name: module
        for module, names in imports((root / "syncline/__init__.py").read_text())
        for name in names
        if module.startswith("syncline.")
    }
    assert sorted(declared) == sorted(syncline.__all__)
    for name, module in declared.items():
        assert getattr(syncline, name) is getattr(import_module(module), name)
    assert not hasattr(syncline, "Nothing")


def test_every_module_of_syncline_has_its_floor(root: Path, files: list[Path]) -> None:
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = set(re.findall(r"syncline\.(\w+)", " ".join(floors)))
    there = {
        path.parts[1].removesuffix(".py") for path in files if path.parts[0] == "syncline" and path.suffix == ".py"
    }
    assert there - {"__init__", "__main__"} <= placed, "give the new module a line in [tool.importlinter]"


def test_the_command_line_starts_without_what_is_slow_to_import() -> None:
    code = f"import sys, syncline.cli; print(*sorted({set(SLOW)!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == []
