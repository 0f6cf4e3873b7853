"""As test_kill, with PostgreSQL on both sides and for the store: killed in a first and in an incremental read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.postgresql import Server, running
from tests.edge.place_postgresql import FIRST, INCREMENTAL, PostgresqlPlace, kill_and_go_on, new_place

POINTS = [
    *((FIRST, point) for point in ("in prepare", "while the key is away", "in load")),
    *((INCREMENTAL, point) for point in ("in load", "after load")),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def place(server: Server, tmp_path: Path) -> PostgresqlPlace:
    return new_place(server, tmp_path)


@pytest.mark.parametrize(("scene", "point"), POINTS, ids=lambda word: word.replace(" ", "-"))
def test_after_a_run_was_killed_the_next_makes_both_sides_equal(place: PostgresqlPlace, scene: str, point: str) -> None:
    kill_and_go_on(place, scene, point)
