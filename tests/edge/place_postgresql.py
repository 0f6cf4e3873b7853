"""One database of PostgreSQL on both sides and for the store, to be killed in."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from syncline import RunResult, RunStatus
from tests.contracts.postgresql import Server
from tests.edge import mortal
from tests.edge.place import COLUMNS, FULL, GONE_MEANWHILE, MEANWHILE, Place, prepared

FIRST_ROWS = """
    CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL, amount integer, updated_at timestamp NOT NULL);
    INSERT INTO item SELECT i, format('item %s %s', i, repeat('x', 200)), nullif(i % 7, 0), '2026-01-01 00:00:00'
    FROM generate_series(1, 400) AS i;
"""
COMMITTING = ["after load", "in commit", "after commit"]
RUNNING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND {}"


@dataclass(frozen=True)
class PostgresqlPlace(Place):
    """One database with three schemas: `public` is the source, `sent` the destination, `kept` the store."""

    url: str

    def sell(self, script: str) -> None:
        self.ask(script)

    def destination(self) -> list[Any]:
        if self.ask("SELECT to_regclass('sent.items')") == [(None,)]:
            return []
        return self.ask(f"SELECT {COLUMNS} FROM items ORDER BY id")

    def source(self) -> list[Any]:
        return self.ask(f"SELECT {COLUMNS} FROM item ORDER BY id")

    def ask(self, query: str) -> list[Any]:
        with psycopg.connect(self.url, options="-c search_path=public,sent -c lock_timeout=20s") as database:
            cursor = database.execute(query)
            return cursor.fetchall() if cursor.description else []

    def await_server(self, condition: str) -> None:
        """Wait until the server says of one of its processes that it is so."""
        end = time.monotonic() + 20
        while not self.ask(RUNNING.format(condition)):
            assert time.monotonic() < end
            time.sleep(0.02)


def new_place(server: Server, tmp_path: Path) -> PostgresqlPlace:
    made = PostgresqlPlace(tmp_path, server.new_database())
    schemas = ("public", "sent", "kept")
    addresses = [f"{made.url}?options=-c%20search_path%3D{schema}" for schema in schemas]
    (tmp_path / "addresses").write_text("\n".join(addresses))
    made.sell(f"CREATE SCHEMA sent; CREATE SCHEMA kept; {FIRST_ROWS}")
    return made


def kill_and_go_on(place: PostgresqlPlace, scene: str, point: str) -> None:
    """A run dies at a point; the next makes both sides equal."""
    request = prepared(place, scene)
    before, after = place.destination(), place.source()
    place.die(request, point)
    assert place.destination() == (after if point in COMMITTING else before)
    assert_failed(place)
    place.sell(MEANWHILE)
    if scene == FULL:
        place.sell(GONE_MEANWHILE)
    run = place.sync(request)  # at once: nobody is Busy
    assert (run.status, run.result) == (RunStatus.SUCCEEDED, RunResult.SUCCESS), run.infos
    assert_equal(place)
    assert place.sync(request).result is RunResult.NO_CHANGES


def assert_failed(place: PostgresqlPlace) -> None:
    """The run that was killed is shown as failed, and holds nothing."""
    with closing(mortal.store(place.folder)) as store:
        dead, active = store.runs()[0], store.active("shop")
    assert (dead.status, dead.result, dead.infos["error"], active) == (
        RunStatus.FAILED,
        RunResult.ERROR,
        "the process ended without finishing",
        None,
    )


def assert_equal(place: PostgresqlPlace) -> None:
    """Both tables hold the same rows, each key once, and the plan noted beside them is the head's."""
    missing = f"SELECT {COLUMNS} FROM item EXCEPT SELECT {COLUMNS} FROM items"
    surplus = f"SELECT {COLUMNS} FROM items EXCEPT SELECT {COLUMNS} FROM item"
    assert place.ask(missing) == place.ask(surplus) == []
    assert place.ask("SELECT count(*), count(DISTINCT id) FROM items") == place.ask(
        "SELECT count(*), count(*) FROM item"
    )
    assert place.ask("SELECT count(*) FROM pg_index WHERE indrelid = 'sent.items'::regclass AND indisprimary") == [(1,)]
    with closing(mortal.store(place.folder)) as store:
        head = store.head("shop", "ITEMS")
    fence = int(head.plan.partition("-")[0])
    assert place.ask("SELECT scope, plan, fence FROM _syncline_plan") == [("default/shop/ITEMS", head.plan, fence)]
    assert (head.promised, head.published) == ("", head.plan)
    assert place.link() == Path(f"versions/{head.plan}.csv")
