"""Whatever breaks, lies, refuses or dies, in whatever order: the rules hold, against a model made of dicts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from syncline import (
    Batch,
    Connection,
    Limits,
    ModelSync,
    Read,
    Request,
    Run,
    RunStatus,
    SyncMode,
    Target,
    TransientError,
    pipeline,
    snapshot,
)
from syncline.engine import opened
from syncline.owed import owed_rows
from syncline.storage import Storage
from syncline.store import open_store
from syncline.testing.memory import MemoryDestination, MemorySource
from tests.domain.death import DEATHS, Killed, Mortal, dying, kill_second
from tests.domain.oracle import AT_LEAST, SHARE, Changes, Row, Standing, loaded, planned, understood

KEYS = st.integers(0, 11)
COLUMNS = pa.schema({"id": pa.int64(), "value": pa.int64(), "version": pa.int64()})
LIES = ["odd incomplete", "even incomplete", "doubled", "repeated", "unfit", "tombstones", "breaks off"]


class Machine(RuleBasedStateMachine):
    """People edit the source, the source misbehaves, the destination refuses, processes die, runs come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Mortal(open_store(f"sqlite:///{self.folder.name}/store.db"))
        self.storage = Storage(Path(self.folder.name) / "files")
        self.source: dict[int, Row] = {}
        self.clock = 0
        self.lies: set[str] = set()
        self.batches: list[Batch] = []
        self.expected = Standing()
        self.promised: tuple[Standing, Changes] | None = None
        self.destination = MemoryDestination()
        sync = ModelSync(
            "M", "m", Target("m"), ("id",), COLUMNS, "version", limits=Limits(SHARE, AT_LEAST, rejected=1.0)
        )
        self.connection = Connection("c", MemorySource(self.answer), self.destination, (sync,))

    def teardown(self) -> None:
        self.folder.cleanup()

    # the source

    def answer(self, request: Read) -> list[Batch | BaseException]:
        """What the source says, as far as it is honest: two parts, odd and even keys, in two batches each."""
        said: list[Batch | BaseException] = []
        for part in ("even", "odd"):
            since = request.since.get(part, 0)
            start = request.from_date.timestamp() if request.from_date else since
            mine = {
                key: row for key, row in sorted(self.source.items()) if key % 2 == (part == "odd") and row[1] >= start
            }
            rows = [{"id": key, "value": value, "version": version} for key, (value, version) in mine.items()]
            half = len(rows) // 2
            rows[half:half] = self.lied(part, rows)
            cursor = max([since, *(row["version"] for row in rows)])
            whole = request.mode is SyncMode.FULL and f"{part} incomplete" not in self.lies
            said += [
                Batch(rows=rows[:half], part=part),
                Batch(rows=rows[half:], part=part, cursor=cursor, complete=whole),
            ]
        if "tombstones" in self.lies:
            said.append(
                Batch(deleted=[{"id": key} for key in range(12) if key not in self.source], part="odd", complete=True)
            )
        if "breaks off" in self.lies:
            said.insert(3, TransientError("the line is dead", retry_after=0.001))
        self.batches = [batch for batch in said if isinstance(batch, Batch)]
        return said

    def lied(self, part: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows that should not be there."""
        extra: list[dict[str, Any]] = []
        if rows and "doubled" in self.lies:
            extra.append({**rows[0], "value": rows[0]["value"] + 1000})
        if rows and "repeated" in self.lies:
            extra.append(dict(rows[-1]))
        if "unfit" in self.lies and part == "odd":
            extra.append({"id": 1, "value": "many", "version": self.clock})
            rows[:] = [row for row in rows if row["id"] != 1]
        return extra

    @initialize(keys=st.sets(KEYS, min_size=6))
    def start(self, keys: set[int]) -> None:
        for key in keys:
            self.edit(key, key)

    @rule(key=KEYS, value=st.integers(0, 3))
    def edit(self, key: int, value: int) -> None:
        self.clock += 1
        self.source[key] = (value, self.clock)

    @rule(key=KEYS)
    def edit_late(self, key: int) -> None:
        """A row comes with a version that the cursor has passed."""
        self.source[key] = (77, max(1, self.clock - 3))

    @rule(keys=st.sets(KEYS, max_size=8))
    def remove(self, keys: set[int]) -> None:
        for key in keys:
            self.source.pop(key, None)

    @rule()
    def remove_all(self) -> None:
        self.source.clear()

    @rule(lies=st.sets(st.sampled_from(LIES), max_size=2))
    def misbehave(self, lies: set[str]) -> None:
        self.lies = lies

    @precondition(lambda self: self.promised is None)
    @rule(keys=st.sets(KEYS, max_size=3))
    def refuse(self, keys: set[int]) -> None:
        self.destination.refused.clear()
        self.destination.refused.update((key,) for key in keys)

    # the runs

    @rule()
    def run_incremental(self) -> None:
        self.run(Request(), SyncMode.INCREMENTAL)

    @rule()
    def run_full(self) -> None:
        self.run(Request(full_sync=True), SyncMode.FULL)

    @rule(back=st.integers(0, 6))
    def run_from_date(self, back: int) -> None:
        from_date = f"1970-01-01T00:00:{min(59, max(0, self.clock - back)):02}+00:00"
        self.run(
            Request.parse({"data_models_to_sync": [{"data_model": "M", "sync_from": from_date}]}), SyncMode.FROM_DATE
        )

    @precondition(lambda self: self.promised is None)
    @rule()
    def approve(self) -> None:
        head = self.store.head("c", "M")
        if head.owed_list:
            self.run(Request(approve={"M": head.owed_list}), SyncMode.INCREMENTAL)

    @rule(where=st.sampled_from(DEATHS), full=st.booleans())
    def die(self, where: str, *, full: bool) -> None:
        mode = SyncMode.FULL if full else SyncMode.INCREMENTAL
        self.run(Request(full_sync=full), mode, dies=where)

    def run(self, request: Request, mode: SyncMode, dies: str = "") -> None:
        was, loads, approved = self.expected, len(self.destination.loads), None
        if request.approve:
            approved = was.owed.withheld | was.owed.absent
            self.batches = [Batch(deleted=[{"id": key} for key in sorted(was.owed.absent)])]
        run = self.attempt(request, dies)
        died_in_load = run is None and dies != "after commit"
        if self.promised is not None:  # Invariant 2
            if died_in_load:
                return
            was, loads = self.settle(*self.promised), len(self.destination.loads)
            if run is None:
                return
        if "breaks off" in self.lies and approved is None:
            assert run is not None
            assert run.models[0].status is RunStatus.FAILED
            return
        if mode is SyncMode.INCREMENTAL and approved is None and not was.cursors:
            mode = SyncMode.FULL
        now, changes = planned(was, understood(self.batches), mode, approved)
        if died_in_load:
            assert changes
            self.promised = (now, changes)
            return
        self.settle(now, changes)
        if run is not None:
            assert run.models[0].status is RunStatus.SUCCEEDED, run.models[0].error
        if not changes:
            assert len(self.destination.loads) == loads  # Invariant 11

    def settle(self, now: Standing, changes: Changes) -> Standing:
        """What was planned has been loaded."""
        self.promised = None
        self.expected = loaded(now, changes, {key for (key,) in self.destination.refused})
        return self.expected

    def attempt(self, request: Request, dies: str) -> Run | None:
        """A run, or None if the process died in it."""
        self.store.dies = dies == "after commit"
        if dies == "in load":
            self.destination.touched.append(kill_second())
        try:
            return pipeline.sync(
                self.connection, request, self.store, self.storage, steps=pipeline.Steps(load=dying(dies))
            )
        except Killed:
            return None
        finally:
            self.destination.touched.clear()

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        if self.promised is not None:
            return
        head, model = self.store.head("c", "M"), self.connection["M"].model(self.connection.source)
        assert {key: row for (key,), row in self.held().items()} == self.expected.sent
        with opened(self.storage.folder("")) as engine:
            for layers, rows in (
                (head.snapshot, {key: row for key, (row, _) in self.expected.snapshot.items()}),
                (head.sent, self.expected.sent),
            ):
                found = [
                    row
                    for batch in snapshot.rows(engine, layers, model, self.storage.path)
                    for row in batch.to_pylist()
                ]
                assert {row["id"]: (row["value"], row["version"]) for row in found} == rows
                assert layers.rows == len(found) == len(rows)
        owing = owed_rows(self.storage, model, head).to_pylist()
        for kind in ("rejected", "refused", "withheld", "absent"):
            assert {row["id"] for row in owing if row["kind"] == kind} == getattr(self.expected.owed, kind), kind
        assert dict(head.cursors) == self.expected.cursors

    def held(self) -> dict[tuple[Any, ...], Row]:
        """What the destination really holds."""
        return {key: (row["value"], row["version"]) for key, row in self.destination.rows.items()}

    @rule()
    def in_the_end_both_sides_are_equal(self) -> None:
        """Whatever broke before: once all is well, a full run and an approval make both sides equal."""
        self.lies.clear()
        if self.promised is None:
            self.destination.refused.clear()
        for _ in range(2):
            self.run_full()
            self.destination.refused.clear()
        self.run_full()
        self.approve()
        assert {key: row for (key,), row in self.held().items()} == self.source


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=40, stateful_step_count=16, deadline=None)
TestMachine.pytestmark = [pytest.mark.timeout(300)]
