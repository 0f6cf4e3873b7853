"""How long the server takes for the pages of all syncs, with a history of any length.

    python -m bench.pages --runs 1000000
    python -m bench.pages --runs 1000000 --postgresql

The history is written straight into the tables of a new store, SQLite or PostgreSQL: three months of ten connections,
with a failure, a partial result and a configuration update here and there. Each page is then asked for several times;
what is printed is the time the server takes, without the network.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import psycopg
from starlette.testclient import TestClient

from syncline.cli.example import write_example
from syncline.request import Request
from syncline.search import Place
from syncline.web import paging
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from syncline.web.warm import warm
from syncline.workspace import Workspace
from tests.contracts.postgresql import running

PAGES = {
    "all": "",
    "failed": "?status=failed",
    "partial, one in 5,000": "?status=partial",
    "nothing is scheduled": "?status=scheduled",
    "type, one in 10,000": "?type=configuration+update",
    "connection": "?connection=c7",
    "model": "?model=M3",
    "a model of one connection": "?connection=c3&model=M3",
    "failed, of one connection": "?status=failed&connection=c7",
    "last week": "?since=7d",
    "search: beginning of an id": "?q={id}",
    "search: connection": "?q=example",
    "search: nothing": "?q=nothing",
    "deep": "?after={deep}",
    "one sync": "/{run}",
    "overview": "overview",
}
_COUNTS = json.dumps({"read": 100, "inserted": 1, "updated": 2, "deleted": 0, "rejected": 0, "withheld": 0, "late": 0})
_SPACE = UUID("5e9c1d4e-0000-4000-8000-000000000000")
_RUN = (
    "syncline_run (tenant, id, connection, type, status, result, request, infos, created_at, updated_at, started_at,"
    " ended_at, runner, create_by_user_id, fence)"
)
_MODEL = (
    "syncline_model_run (tenant, run, model, place, created_at, mode, status, result, step, counts, plan, files, error)"
)


def main() -> None:
    """Make the history, ask for the pages, print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--postgresql", action="store_true", help="the store is a PostgreSQL server of its own")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if asked.postgresql:
            os.environ["SYNCLINE_DATABASE_URL"] = stack.enter_context(running()).url("postgres")
        print(f"{asked.runs:,} runs in {'PostgreSQL' if asked.postgresql else 'SQLite'}")
        for name, times in measured(Path(folder), asked.runs, asked.times):
            print(f"{name:<28} median {statistics.median(times):6.1f} ms   slowest {max(times):6.1f} ms")


def measured(folder: Path, runs: int, times: int) -> Iterator[tuple[str, list[float]]]:
    """For each page its name and the milliseconds of each time it was asked for."""
    write_example(folder)
    workspace = Workspace.open(folder)
    workspace.store.runs()  # makes the tables
    url = os.environ.get("SYNCLINE_DATABASE_URL")
    fill_postgresql(url, runs) if url else fill(folder / ".syncline" / "store.db", runs)
    app = create(workspace, starter=ThreadStarter(workspace), may_be_open=True)
    warm(app)
    client = TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 50000))
    some = str(uuid5(_SPACE, str(runs // 2)))
    deep = _deep(workspace, runs)
    for name, path in PAGES.items():
        way = "/" if path == "overview" else f"/settings/syncs{path.format(id=some[:8], run=some, deep=deep)}"
        took = []
        for _ in range(times):
            began = time.perf_counter()
            assert client.get(way).status_code == 200, way
            took.append((time.perf_counter() - began) * 1000)
        yield name, took


def fill(database: Path, runs: int) -> None:
    """Write a history into the tables of SQLite."""
    with closing(sqlite3.connect(database)) as store, store:
        store.execute("PRAGMA synchronous = OFF")
        for table, rows in _history(runs):
            store.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * (table.count(',') + 1))})", rows)


def fill_postgresql(url: str, runs: int) -> None:
    """Write a history into the tables of PostgreSQL."""
    with psycopg.connect(url, autocommit=True) as store:
        store.execute("SET timezone = 'UTC'")
        for table, rows in _history(runs):
            with store.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        store.execute("VACUUM ANALYZE")


def _history(runs: int) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    """The tables with their columns, and the rows of each."""
    now, request = datetime.now(UTC), json.dumps(Request().as_json())
    step = timedelta(days=90) / runs
    yield _RUN, (_run(number, now - (runs - number) * step, request) for number in range(runs))
    yield _MODEL, (_model(number, now - (runs - number) * step) for number in range(runs))


def _run(number: int, when: datetime, request: str) -> tuple[object, ...]:
    kind = "configuration update" if number % 10_000 == 7 else "resources update"
    status, result = ("failed", "error") if number % 1_000 == 3 else ("succeeded", "success")
    if number % 5_000 == 9:
        result = "partial"
    at, end = _text(when), _text(when + timedelta(seconds=3))
    who = f"user {number % 5}" if number % 4 == 0 else None
    name = f"c{number % 10}" if number % 10 else "example"
    return (
        "default",
        str(uuid5(_SPACE, str(number))),
        name,
        kind,
        status,
        result,
        request,
        "{}",
        at,
        end,
        at,
        end,
        "prefect",
        who,
        number + 1,
    )


def _model(number: int, when: datetime) -> tuple[object, ...]:
    ended = ("incremental", "succeeded", "success", "done")
    return (
        "default",
        str(uuid5(_SPACE, str(number))),
        f"M{number % 20}",
        0,
        _text(when),
        *ended,
        _COUNTS,
        "",
        "[]",
        "",
    )


def _text(when: datetime) -> str:
    """A time as SQLite keeps it, and PostgreSQL reads it."""
    return when.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _deep(workspace: Workspace, runs: int) -> str:
    """Where a page begins that lies in the middle of the history."""
    run = workspace.store.run(str(uuid5(_SPACE, str(runs // 2))))
    return paging.after(Place(run.created_at, run.id))


if __name__ == "__main__":
    main()
