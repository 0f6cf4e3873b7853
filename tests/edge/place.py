"""Both ends of a connection in one folder, and runs of it in processes that may be killed or put to sleep."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncline import Busy, Request, Run, RunStatus, pipeline
from tests.edge import mortal

FIRST_ROWS = """
    CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount INTEGER, updated_at TIMESTAMP NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
    INSERT INTO item SELECT i, printf('item %d %.200c', i, 'x'), nullif(i % 7, 0), '2026-01-01 00:00:00' FROM n;
"""
CHANGES = """
    UPDATE item SET name = 'changed', updated_at = '2026-01-02 00:00:00' WHERE id % 2 = 0;
    INSERT INTO item SELECT id + 1000, name, amount, '2026-01-03 00:00:00' FROM item WHERE id > 200;
"""
DELETIONS = "DELETE FROM item WHERE id % 10 = 1;"
MEANWHILE = """
    UPDATE item SET name = 'changed again', updated_at = '2026-01-04 00:00:00' WHERE id IN (2, 3, 1300);
    INSERT INTO item VALUES (5000, 'new', NULL, '2026-01-04 00:00:00');
"""
GONE_MEANWHILE = "DELETE FROM item WHERE id IN (4, 5, 1302);"
COLUMNS = "id, name, amount, updated_at"
FIRST, INCREMENTAL, FULL = "first", "incremental", "full"


@dataclass(frozen=True)
class Place:
    """Both ends of a connection, its store and its files, in one folder."""

    folder: Path

    def sell(self, script: str) -> None:
        with closing(sqlite3.connect(self.folder / "source.db")) as source:
            source.executescript(script)

    def sync(self, request: Request) -> Run:
        with closing(mortal.store(self.folder)) as store:
            return pipeline.sync(mortal.connection(self.folder), request, store, mortal.storage(self.folder))

    def sync_in_time(self, request: Request) -> Run:
        """The run that takes over once the lease of the one before has run out."""
        end = time.monotonic() + 20
        while True:
            try:
                return self.sync(request)
            except Busy:
                assert time.monotonic() < end
                time.sleep(0.1)

    def begin(self, request: Request, point: str, **variables: str) -> subprocess.Popen[str]:
        """A run in a process of its own."""
        args = [str(self.folder), json.dumps(request.as_json()), point]
        program = [sys.executable, "-m", "tests.edge.mortal", *args]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables}
        return subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=environment)

    def die(self, request: Request, point: str) -> None:
        """A run that is killed at a point."""
        with self.begin(request, point) as run:
            _, said = run.communicate()
        assert run.returncode == -signal.SIGKILL, said

    def destination(self) -> list[Any]:
        """The rows that are committed; of a copy, so that it is the product that must mend what a dead run left."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for file in self.folder.glob("destination.db*"):
            shutil.copy(file, copy)
        with closing(sqlite3.connect(copy / "destination.db")) as database:
            there = database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'items'").fetchone()[0]
            return database.execute(f"SELECT {COLUMNS} FROM items ORDER BY id").fetchall() if there else []

    def source(self) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "source.db")) as source:
            return source.execute(f"SELECT {COLUMNS} FROM item ORDER BY id").fetchall()

    def ask(self, query: str) -> list[Any]:
        """A query over both databases at once."""
        with closing(sqlite3.connect(self.folder / "source.db")) as database:
            database.execute("ATTACH ? AS sent", [str(self.folder / "destination.db")])
            return database.execute(query).fetchall()

    def published(self) -> list[tuple[str, ...]]:
        (latest,) = (self.folder / "files").glob("files/**/latest.csv")
        with latest.open(newline="") as file:
            return [tuple(row) for row in csv.reader(file)][1:]

    def link(self) -> Path:
        """What `latest` points to."""
        (latest,) = (self.folder / "files").glob("files/**/latest.csv")
        return latest.readlink()

    def remembered(self) -> object:
        """All that a run could change."""
        with closing(mortal.store(self.folder)) as store:
            head = store.head("shop", "ITEMS")
        return head, self.destination(), self.ask("SELECT * FROM _syncline_plan"), self.link()


def prepared(place: Place, scene: str) -> Request:
    """What the run that dies is asked to do, with what came before it done."""
    if scene != FIRST:
        place.sync(Request())
        place.sell(CHANGES)
    if scene == FULL:
        place.sell(DELETIONS)
    return Request(full_sync=scene == FULL)


def sleep_and_wake(place: Place, request: Request, point: str, meanwhile: str) -> None:
    """A run sleeps; another takes over; the first wakes up and changes nothing more."""
    with place.begin(request, mortal.ASLEEP + point, SYNCLINE_LEASE_SECONDS="1") as asleep:
        try:
            _, status = os.waitpid(asleep.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            place.sell(meanwhile)
            run = place.sync_in_time(request)
            assert run.status is RunStatus.SUCCEEDED, run.infos
            known = place.remembered()
        finally:
            asleep.send_signal(signal.SIGCONT)
        _, said = asleep.communicate(timeout=30)
    assert (asleep.returncode, "LeaseLost" in said) == (1, True), said
    assert place.remembered() == known
    with closing(mortal.store(place.folder)) as store:
        assert [run.status for run in store.runs()[:2]] == ["succeeded", "failed"]
