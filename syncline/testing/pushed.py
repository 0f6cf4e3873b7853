"""What the memory of pushed rows must hold, as tests; give it the URL of an empty database."""
# ruff: noqa: D102, PLR2004, S311 - a test's name is its sentence, its numbers are the expectation, its chance repeats

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

import syncline.store.pushed
from syncline.pushed.store import Change, Outcome, PushStore, Reused, Ticket
from syncline.store import open_store
from syncline.store.pushed import SqlPushed

MODEL = "pieces"
CLIENTS = 32


def guid(number: int) -> str:
    """A GUID of a test."""
    return f"00000000-0000-0000-0000-{number:012d}"


def change(*numbers: int, mark: str = "P", gone: tuple[int, ...] = (), company: str = "acme") -> Change:
    """Items of these numbers, and items that go."""
    rows = {guid(number): f'{{"mark":"{mark}{number}"}}' for number in numbers}
    return Change(company, MODEL, rows, tuple(map(guid, gone)))


def held(store: PushStore) -> dict[str, str]:
    """All rows, read a few at a time in the order of their GUIDs."""
    found: dict[str, str] = {}
    while page := store.rows(MODEL, after=max(found, default=""), limit=3):
        assert [one for one, _ in page] == sorted(one for one, _ in page)
        found |= dict(page)
    return found


def numbers(store: PushStore, after: int = 0) -> list[tuple[int, str, str | None]]:
    """All changes after one."""
    return store.changes(MODEL, after=after, until=store.latest(MODEL), limit=10_000)


class Follower:
    """Somebody who has read all changes so far, a few at a time."""

    def __init__(self, store: PushStore) -> None:
        self.store = store
        self.at = 0
        self.rows: dict[str, str] = {}

    def follow(self) -> None:
        """Read what is new."""
        until = self.store.latest(MODEL)
        while page := self.store.changes(MODEL, after=self.at, until=until, limit=7):
            assert all(low < high for (low, *_), (high, *_) in pairwise(page))
            for number, name, text in page:
                self.at = number
                self.rows.pop(name, None)
                self.rows |= {} if text is None else {name: text}
        self.at = max(self.at, until)


class PushContract:
    """What pushed rows must hold. A test class takes it on and gives it the fixture `url`: a new database each."""

    @pytest.fixture
    def pushed(self, url: str) -> Iterator[SqlPushed]:
        """The pushed rows of the company `acme`."""
        store = open_store(url)
        yield SqlPushed(store.database, "acme")
        store.close()

    def test_unknown_items_are_inserted_and_known_ones_updated(self, pushed: SqlPushed) -> None:
        assert pushed.push([change(1, 2)]) == Outcome(inserted=2)
        assert pushed.push([change(2, 3, mark="Q")]) == Outcome(inserted=1, updated=1)
        marks = {1: "P1", 2: "Q2", 3: "Q3"}
        assert held(pushed) == {guid(number): f'{{"mark":"{mark}"}}' for number, mark in marks.items()}

    def test_an_item_equal_to_what_is_there_is_updated_but_has_not_changed(self, pushed: SqlPushed) -> None:
        pushed.push([change(1, 2)])
        assert pushed.push([change(1, 2)]) == Outcome(updated=2)
        assert pushed.latest(MODEL) == 2

    def test_nothing_is_nothing(self, pushed: SqlPushed) -> None:
        assert pushed.push([]) == pushed.push([Change("acme", MODEL)]) == Outcome()
        assert (pushed.latest(MODEL), pushed.forgotten(MODEL), numbers(pushed)) == (0, 0, [])

    def test_what_is_deleted_is_known_as_such_until_it_comes_back(self, pushed: SqlPushed) -> None:
        pushed.push([change(1, 2)])
        assert pushed.push([change(gone=(1, 7))]) == Outcome(deleted=1)
        assert numbers(pushed, 2) == [(3, guid(1), None)]
        assert pushed.push([change(gone=(1,))]) == Outcome()
        assert pushed.push([change(1)]) == Outcome(inserted=1)
        assert numbers(pushed, 2) == [(4, guid(1), '{"mark":"P1"}')]

    def test_each_change_has_the_next_number(self, pushed: SqlPushed) -> None:
        pushed.push([change(3, 1)])
        pushed.push([change(2, 1, mark="Q", gone=(3,))])
        assert [(number, name) for number, name, _ in numbers(pushed)] == [(3, guid(2)), (4, guid(1)), (5, guid(3))]

    def test_companies_and_models_know_nothing_of_each_other(self, pushed: SqlPushed) -> None:
        other = replace(pushed, tenant="other")
        pushed.push([change(1, 2)])
        assert other.push([change(1, mark="X", company="other")]) == Outcome(inserted=1)
        assert other.push([change(gone=(2,), company="other")]) == Outcome()
        assert pushed.push([replace(change(1), model="parts")]) == Outcome(inserted=1)
        assert held(pushed) == {guid(number): f'{{"mark":"P{number}"}}' for number in (1, 2)}
        assert held(other) == {guid(1): '{"mark":"X1"}'}
        assert (pushed.latest(MODEL), other.latest(MODEL)) == (2, 1)
        other.forget(MODEL, 99)
        assert numbers(pushed)

    def test_a_request_for_several_companies_is_all_or_nothing(
        self, pushed: SqlPushed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        both, take = [change(1), change(1, company="other")], syncline.store.pushed._take  # noqa: SLF001

        def breaks(transaction: object, one: Change, digests: Mapping[str, str]) -> Outcome:
            done = take(transaction, one, digests)  # type: ignore[arg-type]
            if one.company == "other":
                raise KeyboardInterrupt
            return done

        monkeypatch.setattr(syncline.store.pushed, "_take", breaks)
        with pytest.raises(KeyboardInterrupt):
            pushed.push(both, Ticket("k", "d"))
        monkeypatch.undo()
        assert (held(pushed), pushed.latest(MODEL)) == ({}, 0)
        assert pushed.push(both, Ticket("k", "d")) == Outcome(inserted=2)

    def test_many_items_at_once(self, pushed: SqlPushed) -> None:
        many = change(*range(40_000))
        assert pushed.push([many]) == Outcome(inserted=40_000)
        assert pushed.push([many]) == Outcome(updated=40_000)
        assert pushed.push([replace(many, rows={}, gone=tuple(many.rows))]) == Outcome(deleted=40_000)

    def test_a_request_that_comes_again_counts_once(self, pushed: SqlPushed) -> None:
        ticket = Ticket("monday", "digest")
        first = pushed.push([change(1, 2)], ticket)
        pushed.push([change(1, mark="Q", gone=(2,))])
        assert pushed.push([change(1, 2)], ticket) == replace(first, is_replay=True)
        assert held(pushed) == {guid(1): '{"mark":"Q1"}'}
        with pytest.raises(Reused, match="monday"):
            pushed.push([change(1, 2, 3)], replace(ticket, digest="another"))
        assert replace(pushed, tenant="other").push([], ticket) == Outcome()

    def test_after_a_day_its_key_can_be_used_again(self, pushed: SqlPushed) -> None:
        pushed.push([change(1)], Ticket("monday", "digest"))
        with pushed.database.writing() as transaction:
            transaction.exec_driver_sql("UPDATE syncline_pushed_request SET created_at = '2020-01-01 00:00:00'")
        assert pushed.push([change(1, 2)], Ticket("monday", "another")) == Outcome(inserted=1, updated=1)

    def test_a_request_that_comes_many_times_at_once_counts_once(self, pushed: SqlPushed) -> None:
        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda _: pushed.push([change(1, 2)], Ticket("k", "d")), range(8)))
        assert sorted((one.inserted, one.is_replay) for one in done) == [(2, False)] + [(2, True)] * 7
        assert pushed.latest(MODEL) == 2

    def test_clients_that_push_the_same_items_at_once_lose_nothing(self, pushed: SqlPushed) -> None:
        done: list[Outcome] = []
        follower, stop = Follower(pushed), threading.Event()
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            reading = pool.submit(_follow, follower, stop)
            for each in list(pool.map(lambda client: _client(pushed, client), range(CLIENTS))):
                done += each
            stop.set()
            reading.result()
        count = sum(one.inserted - one.deleted for one in done)
        assert count == len(held(pushed))
        assert sum(one.inserted + one.updated for one in done) == CLIENTS * 4 * 15
        follower.follow()
        assert follower.rows == held(pushed)
        assert len({number for number, *_ in numbers(pushed)}) == len(numbers(pushed))
        assert max(number for number, *_ in numbers(pushed)) == pushed.latest(MODEL)

    def test_what_nobody_needs_any_more_is_forgotten(self, pushed: SqlPushed) -> None:
        pushed.push([change(1, 2, 3, gone=())])
        pushed.push([change(gone=(1,))])
        pushed.push([change(gone=(2,))])
        pushed.forget(MODEL, 3)
        assert (pushed.forgotten(MODEL), len(numbers(pushed))) == (0, 3)
        pushed.forget(MODEL, 4)
        assert (pushed.forgotten(MODEL), numbers(pushed, 3)) == (4, [(5, guid(2), None)])
        pushed.forget(MODEL, 2)
        assert pushed.forgotten(MODEL) == 4
        assert pushed.push([change(1)]) == Outcome(inserted=1)


def _client(pushed: SqlPushed, client: int) -> list[Outcome]:
    """Push and delete a few of twenty items, in an order of its own; no other client writes what this one does."""
    chance, done = Random(client), []
    for turn in range(4):
        some = chance.sample(range(20), 15)
        done.append(pushed.push([change(*some, mark=f"{client}.{turn}.")]))
        done.append(pushed.push([change(gone=tuple(chance.sample(range(20), 3)))]))
    return done


def _follow(follower: Follower, stop: threading.Event) -> None:
    while not stop.is_set():
        follower.follow()
