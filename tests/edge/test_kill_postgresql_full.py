"""As test_kill, with PostgreSQL on both sides and for the store: killed in a full read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.postgresql import Server, running
from tests.edge.place_postgresql import COMMITTING, FULL, PostgresqlPlace, kill_and_go_on, new_place

EXTRACTING = ["before extract", "in extract", "before diff"]
PROMISING = ["before promise", "after promise"]  # which is before the load
LOADING = ["in load", "between deletes and upserts", "before the load is committed"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def place(server: Server, tmp_path: Path) -> PostgresqlPlace:
    return new_place(server, tmp_path)


@pytest.mark.parametrize(
    "point", [*EXTRACTING, *PROMISING, *LOADING, *COMMITTING], ids=lambda word: word.replace(" ", "-")
)
def test_after_a_run_was_killed_the_next_makes_both_sides_equal(place: PostgresqlPlace, point: str) -> None:
    kill_and_go_on(place, FULL, point)
