"""What guessing passwords comes to, as tests: a part of what the memory of people must hold."""
# ruff: noqa: D102, S105 - a test's name is its sentence, its passwords are the expectation

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from syncline.people import Refused, Role, Throttled
from syncline.store import people_tables as tables
from syncline.store.people import SqlPeople
from syncline.store.people_session import PER_ACCOUNT, PER_ADDRESS

PASSWORD = "correct horse battery"


def everything(people: SqlPeople) -> str:
    """All that stands in the database, as one text."""
    with people.database.reading() as view:
        rows: list[Any] = [row for table in tables.metadata.sorted_tables for row in view.execute(table.select())]
    return repr(rows)


class Guessing:
    """How somebody is slowed down who guesses."""

    def test_guessing_is_slowed_down_by_account(self, people: SqlPeople) -> None:
        people.add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
        for number in range(PER_ACCOUNT):
            with pytest.raises(Refused):
                replace(people, address=f"192.0.2.{number}").log_in("ann@example.com", "wrong password")
        with pytest.raises(Throttled) as told:
            people.log_in("ann@example.com", PASSWORD)
        assert 0 < told.value.retry_after <= 15 * 60

    def test_guessing_is_slowed_down_by_address(self, people: SqlPeople) -> None:
        people.add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
        for number in range(PER_ADDRESS):
            with pytest.raises(Refused):
                replace(people, address=f"2001:db8::{number}").log_in(f"{number}@example.com", "wrong password")
        with pytest.raises(Throttled):
            replace(people, address="2001:db8::ffff").log_in("ann@example.com", PASSWORD)
        assert replace(people, address="2001:db8:0:1::").log_in("ann@example.com", PASSWORD)

    def test_who_has_to_wait_fills_no_tables(self, people: SqlPeople) -> None:
        for number in range(PER_ADDRESS + 5):
            with pytest.raises((Refused, Throttled)):
                people.log_in(f"{number}@{'x' * 100_000}", "wrong password")
        rows = everything(people)
        assert rows.count("log in refused") == PER_ADDRESS
        assert len(rows) < 2 * PER_ADDRESS * 1000
        with people.database.reading() as view:
            assert len(view.execute(tables.attempt.select()).all()) == PER_ADDRESS + 1

    def test_who_remembers_in_the_end_begins_anew(self, people: SqlPeople) -> None:
        people.add_user("ann@example.com", Role.VIEWER, password=PASSWORD)
        for _ in range(PER_ADDRESS + 1):
            people.log_in("ann@example.com", PASSWORD)
        for _ in range(2):
            for _ in range(PER_ACCOUNT - 1):
                with pytest.raises(Refused):
                    people.log_in("ann@example.com", "wrong password")
            assert people.log_in("ann@example.com", PASSWORD)

    def test_many_guesses_at_once_are_no_way_round(self, people: SqlPeople) -> None:
        def guess(_: int) -> type[Exception]:
            with pytest.raises((Refused, Throttled)) as told:
                people.log_in("ann@example.com", "wrong password")
            return told.type

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(guess, range(12))).count(Refused) == PER_ACCOUNT
