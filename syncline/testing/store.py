"""What a store must hold, as tests; give it the URL of an empty database."""
# ruff: noqa: D102, PLR2004 - a test's name is its sentence, its numbers are the expectation

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from syncline.changes import RowFile
from syncline.errors import Busy, ConfigError
from syncline.line import Line
from syncline.request import ModelRequest, Request
from syncline.run import Counts, Entry, Head, ModelRun, Run, RunResult, RunStatus, RunType, Step, Store
from syncline.snapshot import Layers
from syncline.store import SqlStore, open_store, tables
from syncline.store.tenant import Tenant

ALL = Request()
FILE = RowFile("deltas/é 1.parquet", ("Id", "id"), 7, ("id",), ("int64", "text"))
HEAD = Head(
    snapshot=Layers((FILE,), (FILE, FILE), 21),
    sent=Layers((FILE,), (), 7),
    owed=FILE,
    owing={"rejected": 2, "withheld": 1},
    cursors={
        "eu/orders.csv": "2023-01-01T00:00:00.000000001Z",
        "us": 12345678901234567890,
        "x": [1.10, None, {"ä": "\0"}],
    },
    key=("Id", "é"),
    read="r1",
    send="s1",
    destination="d1",
    target="t1",
    plan="001-PETS",
    published="000-PETS",
)


def closed(store: Store, run: Run) -> Run:
    """The run, ended well."""
    return store.close_run(run, RunStatus.SUCCEEDED, RunResult.SUCCESS)


class StoreContract:
    """What every store must hold. A test class takes it on and gives it the fixture `url`: a new database each."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[SqlStore]:
        """The store of the tenant `default`."""
        opened = open_store(url)
        yield opened
        opened.close()

    def test_a_new_run_is_running_and_holds_its_connection(self, store: Store) -> None:
        run = store.open_run("pets", ALL)
        assert (run.status, run.tenant, run.connection, run.result) == (RunStatus.RUNNING, "default", "pets", None)
        assert abs(run.created_at - datetime.now(UTC)) < timedelta(minutes=1)
        assert abs(run.fence - run.created_at.timestamp()) <= 1
        assert store.active("pets") == run

    def test_a_run_reads_back_as_it_was_opened(self, store: Store) -> None:
        since = datetime(2023, 1, 1, tzinfo=UTC)
        request = Request(
            data_models_to_sync=(ModelRequest("PETS", since), ModelRequest("B")), approve={"PETS": "1-PETS"}
        )
        run = store.open_run(
            "pets", request, type=RunType.CONFIGURATION, runner="prefect", created_by="ann", flow_run="f1"
        )
        assert (run.type, run.runner, run.created_by, run.flow_run) == (RunType.CONFIGURATION, "prefect", "ann", "f1")
        assert store.run(run.id) == run
        assert store.run(run.id).created_at.tzinfo is UTC

    def test_a_second_run_of_a_connection_is_refused_and_told_who_holds_it(self, store: Store) -> None:
        run = store.open_run("pets", ALL)
        with pytest.raises(Busy, match=f"{run.id} since {run.created_at:%Y-%m-%d}") as refused:
            store.open_run("pets", ALL)
        assert refused.value.run == run.id
        assert store.open_run("birds", ALL).status is RunStatus.RUNNING
        assert len(store.runs()) == 2

    def test_a_run_that_ends_lets_go_and_the_next_has_a_higher_fence(self, store: Store) -> None:
        first = store.open_run("pets", ALL)
        ended = store.close_run(first, RunStatus.SUCCEEDED, RunResult.PARTIAL, {"owed": {"PETS": 2}})
        assert (ended.status, ended.result, ended.infos) == (
            RunStatus.SUCCEEDED,
            RunResult.PARTIAL,
            {"owed": {"PETS": 2}},
        )
        assert ended.ended_at is not None
        assert ended.ended_at >= first.created_at
        assert store.active("pets") is None
        assert store.open_run("pets", ALL).fence > first.fence

    def test_a_run_that_has_ended_ends_no_second_time(self, store: Store) -> None:
        ended = closed(store, run := store.open_run("pets", ALL))
        following = store.open_run("pets", ALL)
        assert store.close_run(run, RunStatus.FAILED, RunResult.ERROR, {"error": "late"}) == ended
        assert store.active("pets") == following

    def test_the_progress_of_models_is_kept_in_their_order(self, store: Store) -> None:
        run = store.open_run("pets", ALL)
        began = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
        steps = (Step("check", began), Step("extract", began))
        birds = ModelRun("BIRDS", "full", RunStatus.RUNNING, step="extract", started_at=began, steps=steps)
        done = ModelRun(
            "ANTS",
            "incremental",
            RunStatus.FAILED,
            RunResult.ERROR,
            "load",
            Counts(read=5, inserted=4, late=1),
            plan="1-ANTS",
            files=("a.csv", "b.csv"),
            error="no\0",
            ended_at=began,
        )
        for model in (birds, ModelRun("ANTS", "incremental"), done):
            store.progress(run, model)
        first, second = store.run(run.id).models
        assert first == birds
        assert (second.counts, second.files, second.error, second.result) == (
            done.counts,
            done.files,
            "no?",
            done.result,
        )

    def test_what_is_said_in_a_run_is_kept_in_its_order(self, store: SqlStore) -> None:
        run = store.open_run("pets", ALL)
        said = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
        lines = [Line(said, "warning", f"é {number}\n'\ud800'\0", "PETS") for number in range(2500)]
        assert store.log(run.id) == []
        store.say(run, lines[:3], start=0)
        store.say(run, lines[2:], start=2)  # line 2 once more: nobody knew whether it had been kept
        kept = store.log(run.id)
        assert kept[:1] == [Line(said, "warning", "é 0\n'?'?", "PETS")]
        assert [line.text.split()[1] for line in kept] == [str(number) for number in range(2500)]
        assert store.log(run.id, start=10, limit=5) == kept[10:15]
        assert store.log(run.id, start=2500) == []
        assert store.log(store.open_run("birds", ALL).id) == []

    def test_the_log_of_a_run_goes_with_it(self, store: SqlStore) -> None:
        runs = [store.open_run(name, ALL) for name in ("pets", "birds")]
        for run in runs:
            store.say(run, [Line(run.created_at, "info", "hello")], start=0)
        with store.database.writing() as transaction:
            transaction.execute(Tenant("default").delete(tables.run).where(tables.run.c.id == runs[0].id))
        assert [len(store.log(run.id)) for run in runs] == [0, 1]

    def test_runs_are_listed_newest_first(self, store: Store) -> None:
        opened = [closed(store, store.open_run(name, ALL)).id for name in ("pets", "birds", "pets")]
        assert [run.id for run in store.runs()] == opened[::-1]
        assert [run.id for run in store.runs("pets")] == [opened[2], opened[0]]
        assert [run.id for run in store.runs(limit=1)] == [opened[2]]

    def test_a_run_is_found_by_the_beginning_of_its_id(self, store: Store) -> None:
        run = store.open_run("pets", ALL)
        assert store.run(run.id[:8].upper()) == run

    def test_a_beginning_that_fits_none_or_several_is_told(self, store: Store) -> None:
        runs = [store.record_run("pets", ALL, RunResult.SKIPPED, {}).id for _ in range(17)]
        start = next(digit for digit in "0123456789abcdef" if sum(run.startswith(digit) for run in runs) > 1)
        with pytest.raises(ConfigError, match="more than one run begins with"):
            store.run(start)
        for unknown in ("", " ", "%", "_" * 36, "x"):
            with pytest.raises(ConfigError, match="there is no run"):
                store.run(unknown)

    def test_a_run_that_never_held_the_connection_is_noted(self, store: Store) -> None:
        skipped = store.record_run("pets", ALL, RunResult.SKIPPED, {"by": "a newer one"})
        refused = store.record_run("pets", ALL, RunResult.ERROR, {"error": "no"})
        assert (skipped.status, refused.status) == (RunStatus.SUCCEEDED, RunStatus.FAILED)
        assert (skipped.fence, skipped.infos, skipped.ended_at) == (0, {"by": "a newer one"}, skipped.created_at)
        assert store.run(skipped.id) == skipped
        assert store.active("pets") is None

    def test_a_model_never_synced_has_an_empty_head(self, store: Store) -> None:
        assert store.head("pets", "PETS") == Head()
        assert store.heads("pets") == {}

    def test_a_head_comes_back_as_it_was_committed(self, store: Store) -> None:
        run = store.open_run("pets", ALL)
        store.commit(run, "PETS", HEAD)
        store.commit(run, "ANTS", Head(read="r"))
        assert store.head("pets", "PETS") == HEAD
        assert store.heads("pets") == {"ANTS": Head(read="r"), "PETS": HEAD}
        assert store.heads("birds") == {}

    def test_a_promised_plan_stands_until_the_commit(self, store: Store) -> None:
        run = store.open_run("pets", ALL)
        store.promise(run, "PETS", "plans/1")
        assert store.head("pets", "PETS") == Head(promised="plans/1")
        store.commit(run, "PETS", Head(read="r", plan="1", promised="plans/1"))
        assert store.head("pets", "PETS") == Head(read="r", plan="1")
        store.promise(run, "PETS", "plans/2")
        assert store.head("pets", "PETS") == Head(read="r", plan="1", promised="plans/2")
        store.commit(run, "PETS", Head(read="r", plan="2"))
        store.published(run, "PETS", "2")
        assert store.head("pets", "PETS") == Head(read="r", plan="2", published="2")

    def test_what_is_owed_goes_on_or_is_closed(self, store: Store) -> None:
        first = store.open_run("pets", ALL)
        store.commit(first, "ANTS", Head(), [Entry("ANTS", "absent", "gone", 1)])
        store.commit(
            first,
            "PETS",
            HEAD,
            [Entry("PETS", "rejected", "bad\0", 3, ("1", "2"), "a"), Entry("PETS", "withheld", "many", 9)],
        )
        kept, gone = store.entries("pets", model="PETS")
        assert (kept.reason, kept.count, kept.sample, kept.file, kept.run) == ("bad?", 3, ("1", "2"), "a", first.id)
        closed(store, first)

        second = store.open_run("pets", ALL)
        store.commit(
            second,
            "PETS",
            HEAD,
            [Entry("PETS", "rejected", "bad\0", 2, ("1",), "b"), Entry("PETS", "rejected", "new", 1)],
        )
        still, new = store.entries("pets", model="PETS")
        assert (still.id, still.created_at, still.count, still.file) == (kept.id, kept.created_at, 2, "b")
        assert (still.run, new.reason, new.connection, new.closed_at) == (second.id, "new", "pets", None)
        store.commit(second, "PETS", HEAD)
        assert store.entries("pets", model="PETS") == [still, new]
        past = [entry for entry in store.entries(closed=True) if entry.closed_at]
        assert [entry.id for entry in past] == [gone.id]
        assert [entry.model for entry in store.entries(run=first.id)] == ["ANTS"]
        assert gone.id in {entry.id for entry in store.entries("pets", run=first.id, closed=True)}
        assert store.entries("pets", run=second.id) == [still, new]
        assert [entry.model for entry in store.entries()] == ["ANTS", "PETS", "PETS"]

    def test_a_forgotten_model_owes_nothing(self, store: Store) -> None:
        run = store.open_run("pets", ALL)
        store.commit(run, "PETS", HEAD, [Entry("PETS", "rejected", "bad", 3)])
        store.commit(run, "ANTS", HEAD)
        with pytest.raises(Busy, match=run.id):
            store.forget("pets", "PETS")
        closed(store, run)
        store.forget("pets", "PETS")
        assert store.heads("pets") == {"ANTS": HEAD}
        assert store.entries() == []

    def test_nothing_crosses_a_tenant(self, store: Store, url: str) -> None:
        run = store.open_run("pets", ALL)
        store.progress(run, ModelRun("PETS", "full"))
        store.say(run, [Line(run.created_at, "info", "hello")], start=0)
        store.commit(run, "PETS", HEAD, [Entry("PETS", "rejected", "bad", 3)])
        other = open_store(url, tenant="other")
        assert other.log(run.id) == []
        assert (other.runs(), other.entries(closed=True), other.heads("pets"), other.active("pets")) == (
            [],
            [],
            {},
            None,
        )
        with pytest.raises(ConfigError, match="there is no run"):
            other.run(run.id)
        mine = other.open_run("pets", ALL)
        other.commit(mine, "PETS", Head(read="other"), [])
        closed(other, mine)
        other.forget("pets", "PETS")
        assert store.head("pets", "PETS") == HEAD
        assert len(store.entries()) == 1
        assert store.active("pets") == store.run(run.id)
        other.close()
