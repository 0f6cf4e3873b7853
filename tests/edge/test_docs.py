"""The docs do what they say: their Python runs, their commands are typed and answer as shown."""

import doctest
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# (\S+\.(?:yaml|py))\n")
RUNS = {0, 3}


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


PAGES = [page for page in sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]) if blocks(page, "python")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path) -> None:
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)


def test_a_source_of_ones_own_is_under_fifteen_lines() -> None:
    block = next(block for block in blocks(ROOT / "docs/connectors.md", "python") if "PlanetsSource" in block)
    assert len([line for line in block.splitlines() if line.strip()]) < 15


@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", ["start.md", "settings.md", "transforms.md"])
def test_a_page_goes_as_told(page: str, tmp_path: Path) -> None:
    folder = tmp_path
    for language, block in BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8")):
        if file := NAMED.match(block):
            (folder / file[1]).write_text(block, encoding="utf-8")
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] if language == "console" else ():
            command, _, shown = step.partition("\n")
            words = shlex.split(command)
            if words[0] == "cd":
                folder = folder / words[1]
            elif words[0] == "sqlite3":
                with sqlite3.connect(folder / words[1]) as database:
                    database.execute(words[2])
            else:
                assert_answers(words, folder, shown)


def assert_answers(words: list[str], folder: Path, shown: str) -> None:
    line = [sys.executable, "-m", *words]
    done = subprocess.run(line, cwd=folder, env=quiet(folder), capture_output=True, text=True, check=False)
    assert done.returncode in RUNS, f"{words}: {done.stderr}"
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    wanted = re.sub(r"^\.\.\.$", "...", shown, flags=re.MULTILINE)
    assert doctest.OutputChecker().check_output(wanted, done.stdout, options), f"{words}\n{done.stdout}"


def quiet(folder: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(folder), "COLUMNS": "200", "NO_COLOR": "1"}
