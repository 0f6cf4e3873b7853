"""As test_kill, with PostgreSQL on both sides and for the store: runs that sleep, and servers that go on."""

from __future__ import annotations

import time

import pytest

from syncline import RunResult
from tests.edge.place import FIRST, FULL, MEANWHILE, prepared, sleep_and_wake
from tests.edge.place_postgresql import RUNNING, PostgresqlPlace, assert_equal

SLEEPS_SECONDS = 30
IN_STATEMENT = "wait_event = 'PgSleep'"
SLOW = """
    CREATE SEQUENCE sent.times;
    CREATE FUNCTION sent.be_slow() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN IF nextval('sent.times') = 1 THEN PERFORM pg_sleep({seconds}); END IF; RETURN NULL; END $$;
    CREATE TRIGGER slow AFTER INSERT OR UPDATE ON sent.{table} EXECUTE FUNCTION sent.be_slow();
"""
"""The first to change the table is held up within its statement, in the server."""


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
    sleep_and_wake(place, prepared(place, scene), point, MEANWHILE)
    assert_equal(place)


def test_a_run_that_sleeps_as_it_makes_the_table_is_thrown_out_after_a_while(place: PostgresqlPlace) -> None:
    """Nobody holds that up for longer than the address, or else a minute, allows."""
    addresses = place.folder / "addresses"
    impatient = "sent%20-c%20idle_in_transaction_session_timeout%3D1s"
    addresses.write_text(addresses.read_text().replace("%3Dsent", f"%3D{impatient}"))
    sleep_and_wake(place, prepared(place, FIRST), "in prepare", MEANWHILE)
    assert_equal(place)
