"""What the leases of a store must hold, as tests; give it the URL of an empty database."""
# ruff: noqa: D102, PLR2004 - a test's name is its sentence, its numbers are the expectation

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier

import pytest

from syncline.errors import Busy, LeaseLost
from syncline.run import Counts, Entry, Head, ModelRun, Run, RunResult, RunStatus, Store
from syncline.store import SqlStore, open_store
from syncline.testing.store import ALL, closed

_HOLDER = """
import sys
from syncline import Busy, ModelRun, Request
from syncline.store import open_store
print("ready", flush=True)
sys.stdin.readline()
store = open_store(sys.argv[1])
try:
    run = store.open_run("pets", Request())
    store.progress(run, ModelRun("PETS", "full"))
    print("holds", run.id, flush=True)
except Busy as error:
    print("busy", error.run, flush=True)
sys.stdin.readline()
"""


@contextmanager
def process(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that takes the connection `pets` once it is told, says how that went, and waits."""
    command = [sys.executable, "-c", _HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:  # noqa: S603
        try:
            assert said(started) == ["ready"]
            yield started
        finally:
            started.kill()


def said(started: subprocess.Popen[str]) -> list[str]:
    """The next line of a process, as words."""
    assert started.stdout is not None
    return started.stdout.readline().split()


def tell(started: subprocess.Popen[str]) -> None:
    """Have a process go on."""
    assert started.stdin is not None
    started.stdin.write("\n")
    started.stdin.flush()


def taken(store: Store) -> Run:
    """The connection `pets`, as soon as the lease of the run before it is over."""
    deadline = time.monotonic() + 5
    while True:
        try:
            return store.open_run("pets", ALL)
        except Busy:
            if time.monotonic() > deadline:
                raise


class LeaseContract:
    """What the leases of every store must hold. A test class takes it on and gives the fixture `url`."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[SqlStore]:
        """The store of the tenant `default`, with leases of a minute."""
        opened = open_store(url)
        yield opened
        opened.close()

    @pytest.fixture
    def hasty(self, store: SqlStore) -> SqlStore:
        """The same store with leases that are over at once."""
        return replace(store, lease_seconds=0.001)

    def test_of_many_who_want_a_connection_at_once_one_gets_it(self, url: str, store: SqlStore) -> None:
        start = Barrier(8)

        def attempt(_: int) -> str:
            mine = open_store(url)
            start.wait()
            try:
                return mine.open_run("pets", ALL).id
            except Busy as error:
                return f"refused for {error.run}"
            finally:
                mine.close()

        for _ in ("a connection nobody ever held", "one that is free again"):
            with ThreadPoolExecutor(8) as pool:
                results = list(pool.map(attempt, range(8)))
            [winner] = [result for result in results if not result.startswith("refused")]
            assert results.count(f"refused for {winner}") == 7
            closed(store, store.run(winner))

    def test_runs_of_several_connections_do_not_hinder_each_other(self, store: SqlStore) -> None:
        def work(name: str) -> Run:
            run = store.open_run(name, ALL)
            for number in range(20):
                store.progress(run, ModelRun("PETS", "full", counts=Counts(read=number)))
                store.renew(run)
            return closed(store, run)

        with ThreadPoolExecutor(4) as pool:
            runs = list(pool.map(work, ("pets", "birds", "ants", "cats")))
        assert [run.models[0].counts.read for run in runs] == [19] * 4

    def test_of_two_processes_that_start_on_an_empty_database_one_gets_the_connection(self, url: str) -> None:
        with process(url) as one, process(url) as two:
            tell(one)
            tell(two)
            results = sorted([said(one), said(two)])
        assert [word for word, _ in results] == ["busy", "holds"]
        assert results[0][1] == results[1][1]

    def test_the_connection_of_a_killed_process_is_free_at_once(self, url: str, store: SqlStore) -> None:
        with process(url) as holder:
            tell(holder)
            _, run = said(holder)
            with pytest.raises(Busy, match=run):
                store.open_run("pets", ALL)
            os.kill(holder.pid, signal.SIGKILL)
            os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead, but not yet buried by its parent
            following = store.open_run("pets", ALL)
        dead = store.run(run)
        assert (dead.status, dead.result) == (RunStatus.FAILED, RunResult.ERROR)
        assert (dead.infos["error"], dead.infos["pid"]) == ("the process ended without finishing", holder.pid)
        assert dead.models[0].status is RunStatus.FAILED
        assert following.fence > dead.fence

    def test_who_looks_sees_that_a_killed_run_has_failed(self, url: str, store: SqlStore) -> None:
        with process(url) as holder:
            tell(holder)
            _, run = said(holder)
            assert store.run(run).status is RunStatus.RUNNING
            holder.kill()
            holder.wait()
        assert [listed.status for listed in store.runs()] == [RunStatus.FAILED]
        assert store.active("pets") is None

    def test_a_lease_that_was_not_renewed_is_taken_over(self, hasty: SqlStore, store: SqlStore) -> None:
        silent = hasty.open_run("pets", ALL)
        following = taken(store)
        assert following.fence > silent.fence
        assert store.run(silent.id).infos["error"] == "the process ended without finishing"
        assert store.active("pets") == following

    def test_a_lease_that_is_renewed_holds_on(self, hasty: SqlStore, store: SqlStore) -> None:
        run = hasty.open_run("pets", ALL)
        store.renew(run)
        with pytest.raises(Busy):
            store.open_run("pets", ALL)
        assert store.active("pets") == run

    def test_who_lost_the_lease_changes_nothing_more(self, hasty: SqlStore, store: SqlStore) -> None:
        old = hasty.open_run("pets", ALL)
        hasty.promise(old, "PETS", "plans/1")
        new = taken(store)
        owed = [Entry("PETS", "rejected", "bad", 1)]
        attempts: tuple[Callable[[], object], ...] = (
            lambda: store.renew(old),
            lambda: store.progress(old, ModelRun("PETS", "full")),
            lambda: store.promise(old, "PETS", "plans/2"),
            lambda: store.commit(old, "PETS", Head(read="old"), owed),
            lambda: store.published(old, "PETS", "1"),
        )
        for late in attempts:
            with pytest.raises(LeaseLost, match=old.id):
                late()
        assert (store.head("pets", "PETS"), store.entries()) == (Head(promised="plans/1"), [])
        assert store.run(old.id).models == ()
        assert store.close_run(old, RunStatus.SUCCEEDED, RunResult.SUCCESS) == store.run(old.id)
        assert store.run(old.id).status is RunStatus.FAILED
        assert store.active("pets") == new

    def test_a_run_of_another_fence_or_tenant_holds_nothing(self, url: str, store: SqlStore) -> None:
        run = store.open_run("pets", ALL)
        other = open_store(url, tenant="other")
        for keeper, holder in ((store, replace(run, fence=run.fence - 1)), (store, replace(run, id="x")), (other, run)):
            with pytest.raises(LeaseLost):
                keeper.commit(holder, "PETS", Head(read="r"))
        assert (store.heads("pets"), other.heads("pets")) == ({}, {})
        other.close()

    def test_a_run_that_has_ended_holds_nothing(self, store: SqlStore) -> None:
        closed(store, run := store.open_run("pets", ALL))
        with pytest.raises(LeaseLost):
            store.promise(run, "PETS", "plans/1")
