"""What looking through the history of a store must hold, as tests; give it the URL of an empty database."""
# ruff: noqa: D102 - a test's name is its sentence

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from syncline.errors import Busy, ConfigError
from syncline.run import ModelRun, RunResult, RunStatus, RunType
from syncline.search import Place, Search
from syncline.store import SqlStore, open_store
from syncline.testing.store import ALL


class SearchContract:
    """What a search must hold. A test class takes it on and gives it the fixture `url`: a new database each."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[SqlStore]:
        """The store of the tenant `default`, with runs of three connections."""
        store = open_store(url)
        for number in range(9):
            run = store.open_run(f"c{number % 3}", ALL, type=list(RunType)[number % 2])
            store.progress(run, ModelRun(f"M{number % 2}", "full"))
            end = (RunStatus.FAILED, RunResult.ERROR) if number % 4 == 0 else (RunStatus.SUCCEEDED, RunResult.SUCCESS)
            store.close_run(run, *end)
        store.open_run("c0", ALL, created_by="ann")
        yield store
        store.close()

    def test_a_walk_page_by_page_sees_each_run_once_whatever_comes_in_between(self, store: SqlStore) -> None:
        known = [run.id for run in store.runs()]
        seen: list[str] = []
        place: Place | None = None
        while found := store.search(Search(after=place, limit=3)):
            seen += [run.id for run in found]
            place = Place(found[-1].created_at, found[-1].id)
            store.record_run("late", ALL, RunResult.SKIPPED, {})
        assert sorted(seen) == sorted(known)
        created = [store.run(run).created_at for run in seen]
        assert created == sorted(created, reverse=True)

    def test_runs_are_found_by_what_they_are(self, store: SqlStore) -> None:
        runs = store.runs()
        for wanted, fits in (
            (Search(connection="c1"), lambda run: run.connection == "c1"),
            (Search(status=RunStatus.FAILED), lambda run: run.status is RunStatus.FAILED),
            (Search(result=RunResult.SUCCESS), lambda run: run.result is RunResult.SUCCESS),
            (Search(type=RunType.CONFIGURATION), lambda run: run.type is RunType.CONFIGURATION),
            (Search(model="M1"), lambda run: [model.model for model in run.models] == ["M1"]),
            (Search(begins=runs[4].id[:8]), lambda run: run.id == runs[4].id),
            (Search(created_by="ann"), lambda run: run.created_by == "ann"),
            (Search(connection="c0", fences=(runs[0].fence,)), lambda run: run.id == runs[0].id),
            (Search(since=runs[4].created_at), lambda run: run.created_at >= runs[4].created_at),
            (Search(until=runs[4].created_at), lambda run: run.created_at < runs[4].created_at),
            (Search(connection="c1", model="M0"), lambda run: run.connection == "c1" and run.models[0].model == "M0"),
        ):
            expected = {run.id for run in runs if fits(run)}
            assert {run.id for run in store.search(wanted)} == expected, wanted
            assert 0 < len(expected) < len(runs)

    def test_nothing_is_found_where_nothing_is(self, store: SqlStore) -> None:
        assert store.search(Search(connection="%")) == []
        assert store.search(Search(since=store.runs()[0].created_at + timedelta(days=1))) == []
        assert SqlStore(store.database, "acme").search(Search()) == []

    def test_a_scheduled_run_waits_until_somebody_begins_it(self, store: SqlStore) -> None:
        waiting = store.schedule_run("later", ALL, runner="prefect", created_by="ann")
        assert waiting.status is RunStatus.SCHEDULED
        assert store.active("later") is None
        assert store.search(Search(status=RunStatus.SCHEDULED)) == [waiting]
        begun = store.open_run("later", ALL, flow_run="f1", run=waiting.id)
        assert (begun.id, begun.status, begun.created_by) == (waiting.id, RunStatus.RUNNING, "ann")
        assert (begun.flow_run, begun.fence > 0, store.active("later")) == ("f1", True, begun)
        assert not store.withdraw(begun.id, RunResult.CANCELLED, {})
        store.close_run(begun, RunStatus.SUCCEEDED, RunResult.SUCCESS)
        with pytest.raises(ConfigError, match="does not wait any more"):
            store.open_run("later", ALL, run=waiting.id)
        assert store.active("later") is None

    def test_what_is_under_seal_waits_with_its_run_and_no_longer(self, store: SqlStore) -> None:
        runs = [store.schedule_run(name, ALL, runner="prefect", created_by="ann", sealed="s3al") for name in "xyz"]
        assert [store.sealed(run.id) for run in runs] == ["s3al"] * 3
        assert SqlStore(store.database, "acme").sealed(runs[0].id) == ""
        assert store.run(runs[0].id) == runs[0]
        store.open_run("x", ALL, run=runs[0].id)
        store.withdraw(runs[1].id, RunResult.ERROR, {})
        store.cancel(runs[2].id, "ann")
        assert [store.sealed(run.id) for run in runs] == [""] * 3
        assert store.sealed("none") == ""

    def test_a_scheduled_run_that_cannot_begin_yet_waits_on(self, store: SqlStore) -> None:
        waiting = store.schedule_run("c0", ALL, runner="prefect", created_by="ann")
        with pytest.raises(Busy):
            store.open_run("c0", ALL, run=waiting.id)
        assert store.run(waiting.id) == waiting

    def test_a_run_is_cancelled_before_it_begins_or_while_it_goes_on_but_not_after(self, store: SqlStore) -> None:
        waiting = store.schedule_run("later", ALL, runner="prefect", created_by="ann")
        assert not SqlStore(store.database, "acme").cancel(waiting.id, "eve")
        assert store.cancel(waiting.id, "ann")
        assert (store.run(waiting.id).result, store.run(waiting.id).infos) == (
            RunResult.CANCELLED,
            {"cancelled_by": "ann"},
        )
        running = store.open_run("later", ALL)
        assert not store.is_cancelled(running)
        assert not SqlStore(store.database, "acme").cancel(running.id, "eve")
        assert store.cancel(running.id, "ann")
        assert store.is_cancelled(running)
        ended = store.close_run(running, RunStatus.FAILED, RunResult.CANCELLED, {"error": "cancelled"})
        assert ended.infos == {"cancelled_by": "ann", "error": "cancelled"}
        assert not store.cancel(running.id, "ann")

    def test_a_scheduled_run_may_be_withdrawn_by_its_own_company_alone(self, store: SqlStore) -> None:
        waiting = store.schedule_run("later", ALL, runner="prefect", created_by="ann")
        assert not SqlStore(store.database, "acme").withdraw(waiting.id, RunResult.CANCELLED, {})
        assert store.withdraw(waiting.id, RunResult.CANCELLED, {"by": "ann"})
        ended = store.run(waiting.id)
        assert (ended.status, ended.result, ended.infos) == (RunStatus.FAILED, RunResult.CANCELLED, {"by": "ann"})
        with pytest.raises(ConfigError):
            store.open_run("later", ALL, run=waiting.id)
