"""As test_kill, with PostgreSQL on both sides and for the store."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from syncline import Request, RunResult, RunStatus
from tests.contracts.postgresql import Server, running
from tests.edge import mortal
from tests.edge.place import CHANGES, COLUMNS, DELETIONS, GONE_MEANWHILE, MEANWHILE, Place

FIRST_ROWS = """
    CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL, amount integer, updated_at timestamp NOT NULL);
    INSERT INTO item SELECT i, format('item %s %s', i, repeat('x', 200)), nullif(i % 7, 0), '2026-01-01 00:00:00'
    FROM generate_series(1, 400) AS i;
"""
FIRST, INCREMENTAL, FULL = "first", "incremental", "full"
EXTRACTING = ["before extract", "in extract", "before diff"]
PROMISING = ["before promise", "after promise"]  # which is before the load
LOADING = ["in load", "between deletes and upserts", "before the load is committed"]
COMMITTING = ["after load", "in commit", "after commit"]
POINTS = [
    *((FIRST, point) for point in ("in prepare", "while the key is away", "in load")),
    *((FULL, point) for point in (*EXTRACTING, *PROMISING, *LOADING, *COMMITTING)),
    *((INCREMENTAL, point) for point in ("in load", "after load")),
]
SLEEPS_SECONDS = 30
RUNNING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND {}"
IN_STATEMENT = "wait_event = 'PgSleep'"
SLOW = """
    CREATE SEQUENCE sent.times;
    CREATE FUNCTION sent.be_slow() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN IF nextval('sent.times') = 1 THEN PERFORM pg_sleep({seconds}); END IF; RETURN NULL; END $$;
    CREATE TRIGGER slow AFTER INSERT OR UPDATE ON sent.{table} EXECUTE FUNCTION sent.be_slow();
"""
"""The first to change the table is held up within its statement, in the server."""


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


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def place(server: Server, tmp_path: Path) -> PostgresqlPlace:
    made = PostgresqlPlace(tmp_path, server.new_database())
    schemas = ("public", "sent", "kept")
    addresses = [f"{made.url}?options=-c%20search_path%3D{schema}" for schema in schemas]
    (tmp_path / "addresses").write_text("\n".join(addresses))
    made.sell(f"CREATE SCHEMA sent; CREATE SCHEMA kept; {FIRST_ROWS}")
    return made


def prepared(place: Place, scene: str) -> Request:
    """What the run that dies is asked to do, with what came before it done."""
    if scene != FIRST:
        place.sync(Request())
        place.sell(CHANGES)
    if scene == FULL:
        place.sell(DELETIONS)
    return Request(full_sync=scene == FULL)


@pytest.mark.parametrize(("scene", "point"), POINTS, ids=lambda word: word.replace(" ", "-"))
def test_after_a_run_was_killed_the_next_makes_both_sides_equal(place: PostgresqlPlace, scene: str, point: str) -> None:
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


@pytest.mark.parametrize("table", ["items", "_syncline_plan"])
def test_what_the_server_still_does_for_a_dead_run_is_ended_by_the_next(place: PostgresqlPlace, table: str) -> None:
    """The client is gone, but the server is within its statement and would only see it at the end."""
    request = prepared(place, FULL)
    before = place.destination()
    place.sell(SLOW.format(table=table, seconds=SLEEPS_SECONDS))
    with place.begin(request, "nowhere") as run:
        place.await_server(IN_STATEMENT)
        run.kill()
    place.await_server(IN_STATEMENT)  # it has not noticed
    assert place.destination() == before
    place.sell(MEANWHILE)
    began = time.monotonic()
    assert place.sync(request).result is RunResult.SUCCESS
    assert time.monotonic() - began < SLEEPS_SECONDS / 2
    assert place.ask(RUNNING.format(IN_STATEMENT)) == []
    assert_equal(place)


@pytest.mark.parametrize(
    ("scene", "point"),
    [
        (FIRST, "while the key is away"),
        (FULL, "in load"),
        (FULL, "in commit"),
    ],
    ids=lambda word: word.replace(" ", "-"),
)
def test_a_run_that_wakes_within_its_transaction_changes_nothing_more(
    place: PostgresqlPlace, scene: str, point: str
) -> None:
    """R21, Invariant 6."""
    sleep_and_wake(place, prepared(place, scene), point)


def test_a_run_that_sleeps_as_it_makes_the_table_is_thrown_out_after_a_while(place: PostgresqlPlace) -> None:
    """Nobody holds that up for longer than the address, or else a minute, allows."""
    addresses = place.folder / "addresses"
    impatient = "sent%20-c%20idle_in_transaction_session_timeout%3D1s"
    addresses.write_text(addresses.read_text().replace("%3Dsent", f"%3D{impatient}"))
    sleep_and_wake(place, prepared(place, FIRST), "in prepare")


def sleep_and_wake(place: PostgresqlPlace, request: Request, point: str) -> None:
    """A run sleeps; another takes over; the first wakes up."""
    with place.begin(request, mortal.ASLEEP + point, SYNCLINE_LEASE_SECONDS="1") as asleep:
        try:
            _, status = os.waitpid(asleep.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            place.sell(MEANWHILE)
            run = place.sync_in_time(request)
            assert run.status is RunStatus.SUCCEEDED, run.infos
            known = remembered(place)
        finally:
            asleep.send_signal(signal.SIGCONT)
        _, said = asleep.communicate(timeout=30)
    assert (asleep.returncode, "LeaseLost" in said) == (1, True), said
    assert remembered(place) == known
    assert_equal(place)
    with closing(mortal.store(place.folder)) as store:
        assert [run.status for run in store.runs()[:2]] == ["succeeded", "failed"]


def remembered(place: PostgresqlPlace) -> object:
    """All that a run could change."""
    with closing(mortal.store(place.folder)) as store:
        head = store.head("shop", "ITEMS")
    return head, place.destination(), place.ask("SELECT * FROM _syncline_plan"), place.link()
