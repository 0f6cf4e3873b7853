"""As test_kill, with PostgreSQL on both sides and for the store: killed in a first and in an incremental read."""

from __future__ import annotations

import pytest

from tests.edge.place import FIRST, INCREMENTAL
from tests.edge.place_postgresql import PostgresqlPlace, kill_and_go_on

POINTS = [
    *((FIRST, point) for point in ("in prepare", "while the key is away", "in load")),
    *((INCREMENTAL, point) for point in ("in load", "after load")),
]


@pytest.mark.parametrize(("scene", "point"), POINTS, ids=lambda word: word.replace(" ", "-"))
def test_after_a_run_was_killed_the_next_makes_both_sides_equal(place: PostgresqlPlace, scene: str, point: str) -> None:
    kill_and_go_on(place, scene, point)
