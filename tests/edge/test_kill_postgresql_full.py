"""As test_kill, with PostgreSQL on both sides and for the store: killed in a full read."""

from __future__ import annotations

import pytest

from tests.edge.place import FULL
from tests.edge.place_postgresql import COMMITTING, PostgresqlPlace, kill_and_go_on

EXTRACTING = ["before extract", "in extract", "before diff"]
PROMISING = ["before promise", "after promise"]  # which is before the load
LOADING = ["in load", "between deletes and upserts", "before the load is committed"]


@pytest.mark.parametrize(
    "point", [*EXTRACTING, *PROMISING, *LOADING, *COMMITTING], ids=lambda word: word.replace(" ", "-")
)
def test_after_a_run_was_killed_the_next_makes_both_sides_equal(place: PostgresqlPlace, point: str) -> None:
    kill_and_go_on(place, FULL, point)
