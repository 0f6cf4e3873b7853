"""A run that ends its own life, or falls asleep, at a named point: `python -m tests.edge.mortal FOLDER REQUEST POINT`.

The product knows nothing of it: steps and store are wrapped, and Python's audit events and what is said to the
databases tell when a file is renamed or a transaction ends.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from connectors.sql import SqlDestination, SqlSource, loading, reading, sqlite_reader
from syncline import Connection, ModelSync, Publication, Request, Store, Target, export, pipeline
from syncline.pipeline import Delta, Extraction, Loaded, Plan, Published, Steps, Work
from syncline.run import Head
from syncline.storage import Storage
from syncline.store import open_store
from tests.edge import mortal_postgresql

NTH = {"in extract": 3, "in load": 3}
"""Which time a point that is passed often counts."""
ASLEEP = "asleep "


def addresses(folder: Path) -> list[str]:
    """Where source, destination and store are: SQLite files of the folder, unless other places are written there."""
    told = folder / "addresses"
    if told.exists():
        return told.read_text().split()
    return [f"sqlite:///{folder / name}.db" for name in ("source", "destination", "store")]


def connection(folder: Path) -> Connection:
    """From one database to another, and into a CSV file."""
    model = ModelSync("ITEMS", "item", Target("items"), cursor="updated_at", publish=(Publication("csv"),))
    source, destination, _ = addresses(folder)
    return Connection("shop", SqlSource(source), SqlDestination(destination), (model,))


def store(folder: Path) -> Store:
    return open_store(addresses(folder)[2])


def storage(folder: Path) -> Storage:
    return Storage(folder / "files")


@dataclass
class Fate:
    """Says where the process is, until it comes to the point where it ends."""

    point: str
    passed: int = 0
    committing: bool = False

    def at(self, here: str) -> None:
        if here != self.point.removeprefix(ASLEEP):
            return
        self.passed += 1
        if self.passed == NTH.get(here, 1):
            os.kill(os.getpid(), signal.SIGSTOP if self.point.startswith(ASLEEP) else signal.SIGKILL)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Python's audit events: a file gets its name, or goes."""
        if event == "os.remove" and Path(args[0]).name.startswith("extract-"):
            self.at("in tidy")
        elif event == "os.link" and Path(args[1]).parent.name == "versions":
            self.at("before the version has its name")
        elif event == "os.symlink":
            self.at("before latest is linked")
        elif event == "os.rename":
            self._named(Path(args[1]))

    def _named(self, path: Path) -> None:
        if path.name in ("plan.json", "latest.csv"):
            self.at(f"before {path.name} has its name")

    def trace(self, database: sqlite3.Connection) -> None:
        """SQLite tells what it is about to do."""
        file = Path(database.execute("PRAGMA database_list").fetchone()[2]).name
        if file == "destination.db":
            database.execute("PRAGMA cache_size = 4")  # a transaction under way is on disk, in part
            database.set_trace_callback(self._at_destination)
        elif file == "store.db":
            database.set_trace_callback(self._in_store)

    def _at_destination(self, statement: str) -> None:
        if statement.startswith("CREATE TABLE main."):
            self.at("in prepare")
        elif statement.startswith("INSERT OR REPLACE INTO _syncline_plan"):
            self.at("before the plan is noted")
            self.committing = True
        elif statement == "COMMIT" and self.committing:
            self.at("before the load is committed")

    def _in_store(self, statement: str) -> None:
        if statement == "COMMIT" and self.committing:
            self.at("in commit")


class MortalStore:
    """A store around whose calls the process may end."""

    def __init__(self, whole: Store, fate: Fate) -> None:
        self._store, self._fate = whole, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def promise(self, *args: Any) -> None:
        self._fate.at("before promise")
        self._store.promise(*args)
        self._fate.at("after promise")

    def commit(self, *args: Any) -> None:
        self._fate.at("before commit")
        self._fate.committing = True
        self._store.commit(*args)
        self._fate.at("after commit")

    def published(self, *args: Any) -> None:
        self._fate.at("before published is noted")
        self._store.published(*args)

    def close_run(self, *args: Any) -> Any:
        self._fate.at("before the run is closed")
        return self._store.close_run(*args)


def mortal_steps(fate: Fate) -> Steps:
    """The steps, around which the process may end."""

    def extract(work: Work) -> Extraction:
        fate.at("before extract")
        return pipeline.extract(replace(work, report=lambda _rows: fate.at("in extract")))

    def diff(work: Work, extraction: Extraction) -> Delta:
        fate.at("before diff")
        return pipeline.diff(work, extraction)

    def transform(work: Work, delta: Delta) -> Plan:
        fate.at("before transform")
        return pipeline.transform(work, delta)

    def load(work: Work, plan: Plan) -> Loaded:
        fate.at("before load")
        loaded = pipeline.load(replace(work, report=lambda _rows: fate.at("in load")), plan)
        fate.committing = False
        fate.at("after load")
        return loaded

    def publish(work: Work, head: Head) -> Published:
        fate.at("before publish")
        return pipeline.publish(work, head)

    return Steps(extract, diff, transform, load, publish)


def write_haltingly(fate: Fate) -> None:
    """A publication is on disk in part before it is there as a whole."""
    write = export.write

    def halting(
        rows: Iterable[pa.RecordBatch],
        schema: pa.Schema,
        form: export.Format,
        file: BinaryIO,
        options: export.Options,
    ) -> None:
        made = io.BytesIO()
        write(rows, schema, form, made, options)
        whole = made.getvalue()
        file.write(whole[: len(whole) // 2])
        file.flush()
        fate.at("in publish")
        file.write(whole[len(whole) // 2 :])

    export.write = halting


def trace_databases(fate: Fate) -> None:
    """Whoever opens a database, its statements are heard."""
    connect = sqlite3.connect

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*args, **options)
        fate.trace(database)
        return database

    sqlite3.connect = sqlite3.dbapi2.connect = traced


def in_small_batches() -> None:
    """Few rows make many batches, so that there is a middle to end in."""
    reading.BATCH_ROWS = sqlite_reader.FETCH_ROWS = loading.FETCH_ROWS = 40


def main(folder: Path, asked: str, point: str) -> None:
    fate = Fate(point)
    in_small_batches()
    write_haltingly(fate)
    trace_databases(fate)
    if addresses(folder)[0].startswith("postgresql:"):
        mortal_postgresql.trace(fate)
    sys.addaudithook(fate.hear)
    mortal: Any = MortalStore(store(folder), fate)
    request = Request.parse(json.loads(asked))
    pipeline.sync(connection(folder), request, mortal, storage(folder), steps=mortal_steps(fate))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
