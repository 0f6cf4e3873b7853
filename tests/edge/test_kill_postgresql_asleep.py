"""As test_kill, with PostgreSQL on both sides and for the store: runs that sleep, and servers that go on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from syncline import Request, RunResult, RunStatus
from tests.contracts.postgresql import Server, running
from tests.edge import mortal
from tests.edge.place import MEANWHILE
from tests.edge.place_postgresql import FIRST, FULL, RUNNING, PostgresqlPlace, assert_equal, new_place, prepared

SLEEPS_SECONDS = 30
IN_STATEMENT = "wait_event = 'PgSleep'"
SLOW = """
    CREATE SEQUENCE sent.times;
    CREATE FUNCTION sent.be_slow() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN IF nextval('sent.times') = 1 THEN PERFORM pg_sleep({seconds}); END IF; RETURN NULL; END $$;
    CREATE TRIGGER slow AFTER INSERT OR UPDATE ON sent.{table} EXECUTE FUNCTION sent.be_slow();
"""
"""The first to change the table is held up within its statement, in the server."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def place(server: Server, tmp_path: Path) -> PostgresqlPlace:
    return new_place(server, tmp_path)


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
