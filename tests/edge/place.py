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

from syncline import Busy, Request, Run, pipeline
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
