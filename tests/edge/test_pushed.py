"""From what was pushed to a database, in a workspace: killed in the middle, read by several, changed on the way."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncline import Request, Run, RunResult, pipeline
from syncline.pushed.item import fit
from syncline.pushed.store import Change
from syncline.testing.pushed import guid
from syncline.workspace import Workspace

SETTINGS = "push: {notes: {columns: {text: text, size: COLUMN}}}\n"
COPY = """
source: {kind: pushed}
destination: {kind: sql, url: "sqlite:///NAME.db"}
defaults: {limits: {deleted: 100%}}
models: {NOTES: {from: notes}}
"""
POINTS = ["in extract", "before diff", "before promise", "after promise", "in load", "after load", "before commit"]


@dataclass
class Yard:
    folder: Path

    @property
    def workspace(self) -> Workspace:
        """As a new process has it."""
        return Workspace.open(self.folder)

    def declare(self, size: str = "int32", **connections: str) -> None:
        (self.folder / "syncline.yaml").write_text(SETTINGS.replace("COLUMN", size))
        (self.folder / "connections").mkdir(exist_ok=True)
        for name, text in connections.items():
            (self.folder / "connections" / f"{name}.yaml").write_text(text.replace("NAME", name))

    def push(self, *numbers: int, size: object = 1) -> None:
        place = self.workspace
        items = [{"guid": guid(number), "text": f"n{number}", "size": size} for number in numbers]
        rows = {row.guid: row.text for row in fit(items, place.settings.push["notes"], "default", str)}
        place.pushed().push([Change("default", "notes", rows)])
        place.store.close()

    def drop(self, *numbers: int) -> None:
        place = self.workspace
        place.pushed().push([Change("default", "notes", gone=[guid(number) for number in numbers])])
        place.store.close()

    def run(self, name: str = "copy") -> Run:
        place = self.workspace
        run = pipeline.sync(place.connection(name), Request(), place.store, place.storage)
        place.store.close()
        return run

    def die(self, point: str) -> None:
        program = [sys.executable, "-m", "tests.edge.mortal_pushed", str(self.folder), point]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(program, check=False, capture_output=True, text=True, env=environment)
        assert done.returncode == -signal.SIGKILL, done.stderr

    def copied(self, name: str = "copy") -> list[tuple[str, str]]:
        with closing(sqlite3.connect(self.folder / f"{name}.db")) as database:
            return database.execute("SELECT guid, text FROM notes ORDER BY guid").fetchall()

    def pushed(self) -> list[tuple[str, str]]:
        """What should be there."""
        place = self.workspace
        rows = place.pushed().rows("notes", after="", limit=10_000)
        place.store.close()
        return [(name, f"n{int(name[-12:])}") for name, _ in rows]

    def forgotten(self) -> int:
        place = self.workspace
        found = place.pushed().forgotten("notes")
        place.store.close()
        return found


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    made.declare(copy=COPY)
    return made


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.replace(" ", "-"))
def test_after_a_run_was_killed_the_next_makes_both_sides_equal(yard: Yard, point: str) -> None:
    yard.push(*range(300))
    yard.run()
    yard.push(*range(200, 400), size=2)
    yard.drop(*range(150))
    yard.die(point)
    yard.push(*range(140, 145))
    yard.drop(399, 398)
    run = yard.run()
    assert run.result is RunResult.SUCCESS, run.infos
    assert yard.copied() == yard.pushed()
    assert yard.run().result is RunResult.NO_CHANGES


def test_deletions_are_remembered_until_every_connection_has_passed_them(yard: Yard) -> None:
    yard.declare(other=COPY, third=COPY)
    yard.push(1, 2, 3)
    yard.run()
    yard.run("other")
    yard.drop(1)
    yard.run()
    yard.run()
    assert yard.forgotten() == 0  # `other` has still to hear of it; `third` was never run and holds up nobody
    yard.run("other")
    assert yard.copied("other") == yard.pushed()
    yard.run()
    assert yard.forgotten() == 4


def test_a_connection_that_was_away_for_too_long_is_read_in_full(yard: Yard) -> None:
    yard.declare(other=COPY)
    yard.push(1, 2, 3)
    yard.run()
    yard.run("other")
    (yard.folder / "connections" / "other.yaml").unlink()
    yard.drop(1)
    yard.run()
    yard.run()
    assert yard.forgotten() == 4
    yard.declare(other=COPY)
    run = yard.run("other")
    assert (run.models[0].mode, run.models[0].counts.deleted) == ("full", 1)
    assert yard.copied("other") == yard.pushed()
    assert yard.run("other").models[0].mode == "incremental"


def test_pushed_rows_may_be_one_of_several_sources(yard: Yard) -> None:
    (yard.folder / "old.csv").write_text(f"guid,text,size\n{guid(7)},n7,1\n{guid(1)},old,1\n")
    sources = "{new: {kind: pushed}, old: {kind: files, folder: .}}"
    parts = "[{source: new, table: notes}, {source: old, file: old.csv}]"
    model = f"{{from: {parts}, key: guid, columns: {{guid: text, text: text, size: int32}}}}"
    yard.declare(
        copy=f'sources: {sources}\ndestination: {{kind: sql, url: "sqlite:///copy.db"}}\n'
        f"defaults: {{limits: {{deleted: 100%}}}}\nmodels: {{NOTES: {model}}}\n"
    )
    yard.push(1, 2)
    yard.run()
    assert yard.copied() == [(guid(1), "n1"), (guid(2), "n2"), (guid(7), "n7")]
    yard.drop(1, 2)
    assert yard.run().models[0].mode == "incremental"
    assert yard.copied() == [(guid(1), "old"), (guid(7), "n7")]
    yard.run()
    assert yard.forgotten() == 4


def test_a_column_that_is_declared_later_is_empty_and_a_value_that_no_longer_fits_is_owed(yard: Yard) -> None:
    yard.push(1, size=1)
    yard.push(2, size=70_000)
    assert yard.run().models[0].counts.inserted == 2
    yard.declare(size="int16")
    (yard.folder / "copy.db").unlink()  # a column there would not become narrower
    run = yard.run()
    assert run.result is RunResult.PARTIAL
    assert (run.models[0].counts.inserted, run.models[0].counts.rejected) == (1, 1)
    yard.declare(size="int32, more: date")
    run = yard.run()
    assert run.result is RunResult.SUCCESS, run.infos
    assert yard.copied() == yard.pushed()
