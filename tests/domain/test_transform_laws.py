"""Whatever a transform does and whatever breaks: what is held is what is made of the source, or what was last sent.

The transforms filter, change keys, make several rows of one or none, fail, collide and change their mind; the source,
the settings and the destination change in between, and processes die.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from syncline import Batch, Connection, Limits, ModelSync, Read, Request, RunStatus, SyncMode, Target, pipeline
from syncline.changes import traced
from syncline.engine import opened
from syncline.owed import owed_rows
from syncline.snapshot import relation
from syncline.storage import Storage
from syncline.store import open_store
from syncline.testing.memory import MemoryDestination, MemorySource
from tests.domain.death import DEATHS, Killed, Mortal, dying, kill_second
from tests.domain.recipe import Recipe, Row

KEYS = st.integers(0, 9)
VALUES = st.integers(0, 5)
COLUMNS = pa.schema({"id": pa.int64(), "value": pa.int64(), "version": pa.int64()})


def as_it_is(row: Row) -> list[Row]:
    return [{"code": f"{row['id']}", "value": row["value"]}]


def filtered(row: Row) -> list[Row]:
    return as_it_is(row) if row["value"] % 2 else []


def rekeyed(row: Row) -> list[Row]:
    """Rows with one value want one key."""
    return [{"code": f"v{row['value'] + row['id'] // 3}", "value": row["id"]}]


def exploded(row: Row) -> list[Row]:
    """As many rows as the value says; neighbours' overlap."""
    return [{"code": f"{row['id'] + i}", "value": row["value"]} for i in range(row["value"])]


def failing(row: Row) -> list[Row]:
    if row["value"] == 3:
        raise ValueError(f"'{row['id']}' is no good")
    return as_it_is(row)


def twice(row: Row) -> list[Row]:
    """One row that wants its key twice: alike, which is one, or not, which is none."""
    return [*as_it_is(row), {"code": f"{row['id']}", "value": min(row["value"], 2)}]


RULES: dict[str, Callable[[Row], list[Row]]] = {
    rule.__name__: rule for rule in (as_it_is, filtered, rekeyed, exploded, failing, twice)
}


class Machine(RuleBasedStateMachine):
    """People edit the source and the settings, the destination refuses, processes die, runs come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Mortal(open_store(f"sqlite:///{self.folder.name}/store.db"))
        self.storage = Storage(Path(self.folder.name) / "files")
        self.source: dict[int, tuple[int, int]] = {}
        self.clock = 0
        self.destination = MemoryDestination()
        limits = Limits(deleted=0.4, at_least=5, rejected=1.0)
        self.sync = ModelSync("M", "m", Target("m"), ("id",), COLUMNS, "version", limits=limits)
        self.source_is_there = True
        self.change("as_it_is", capricious=False)

    def teardown(self) -> None:
        self.folder.cleanup()

    def answer(self, request: Read) -> list[Batch]:
        assert self.source_is_there
        since = request.since.get("", 0)
        rows = [
            {"id": key, "value": row[0], "version": row[1]}
            for key, row in sorted(self.source.items())
            if row[1] >= since
        ]
        cursor = max([since, *(row["version"] for row in rows)])
        return [Batch(rows=rows, cursor=cursor, complete=request.mode is SyncMode.FULL)]

    @property
    def connection(self) -> Connection:
        return Connection("c", MemorySource(self.answer), self.destination, (self.sync,))

    @initialize(keys=st.sets(KEYS, min_size=5))
    def start(self, keys: set[int]) -> None:
        for key in keys:
            self.edit(key, key % 4)

    @rule(key=KEYS, value=VALUES)
    def edit(self, key: int, value: int) -> None:
        self.clock += 1
        self.source[key] = (value, self.clock)

    @rule(keys=st.sets(KEYS, max_size=6))
    def remove(self, keys: set[int]) -> None:
        for key in keys:
            self.source.pop(key, None)

    @rule(name=st.sampled_from(list(RULES)), capricious=st.booleans())
    def change(self, name: str, *, capricious: bool) -> None:
        """Another transform; a capricious one says something else each time it is asked."""
        self.makes, self.capricious = RULES[name], capricious
        calls = iter(range(1, 1_000_000))

        def make_of(row: Row) -> list[Row]:
            if not capricious:
                return RULES[name](row)
            moods = list(RULES.values())
            return moods[next(calls) % len(moods)](row)

        self.sync = replace(self.sync, transform=Recipe(name=f"{name} {capricious}", make_of=make_of))

    @precondition(lambda self: not self.store.head("c", "M").promised)
    @rule(codes=st.sets(st.sampled_from([*(f"{i}" for i in range(10)), "v1", "v2"]), max_size=3))
    def refuse(self, codes: set[str]) -> None:
        self.destination.refused.clear()
        self.destination.refused.update((code,) for code in codes)

    @rule(full=st.booleans())
    def run(self, *, full: bool) -> None:
        self.attempt(Request(full_sync=full))

    @precondition(lambda self: self.store.head("c", "M").snapshot.files)
    @rule()
    def update(self) -> None:
        """Other settings are carried out with the source switched off."""
        self.source_is_there = False
        self.attempt(Request(update=True))
        self.source_is_there = True

    @precondition(lambda self: not self.store.head("c", "M").promised)
    @rule()
    def approve(self) -> None:
        shown = self.store.head("c", "M").owed_list
        if shown:
            self.attempt(Request(approve={"M": shown}))

    @rule(where=st.sampled_from(DEATHS), full=st.booleans())
    def die(self, where: str, *, full: bool) -> None:
        self.attempt(Request(full_sync=full), dies=where)

    def attempt(self, request: Request, dies: str = "") -> None:
        self.store.dies = dies == "after commit"
        if dies == "in load":
            self.destination.touched.append(kill_second())
        try:
            steps = pipeline.Steps(load=dying(dies))
            run = pipeline.sync(self.connection, request, self.store, self.storage, steps=steps)
            assert run.models[0].status is RunStatus.SUCCEEDED, run.models[0].error
        except Killed:
            pass
        finally:
            self.destination.touched.clear()

    def sent(self) -> dict[str, tuple[int, int]]:
        """What we think the destination holds: code -> value, and the row at the source."""
        head, model = self.store.head("c", "M"), self.sync.model(self.connection.source)
        kept = traced(self.sync.transform.made(model), model)
        with opened(self.storage.folder("")) as engine:
            rows = engine.rows(f"SELECT c0, c1, c2 FROM ({relation(head.sent, kept, self.storage.path)})")
        assert head.sent.rows == len(rows)
        return {code: (value, source) for code, value, source in rows}

    def snapshot(self) -> dict[int, Row]:
        head, model = self.store.head("c", "M"), self.sync.model(self.connection.source)
        with opened(self.storage.folder("")) as engine:
            rows = engine.rows(f"SELECT c0, c1 FROM ({relation(head.snapshot, model, self.storage.path)})")
        return {key: {"id": key, "value": value} for key, value in rows}

    def owed(self, *kinds: str) -> set[int]:
        head, model = self.store.head("c", "M"), self.sync.model(self.connection.source)
        rows = owed_rows(self.storage, model, head).to_pylist()
        return {row["id"] for row in rows if not kinds or row["kind"] in kinds}

    @invariant()
    def it_holds_what_is_made_of_the_source_or_what_was_last_sent(self) -> None:
        head = self.store.head("c", "M")
        if head.promised:
            return
        sent, owed = self.sent(), self.owed()
        assert {key: row["value"] for (key,), row in self.destination.rows.items()} == {
            code: value for code, (value, _) in sent.items()
        }
        if head.sends != pipeline.work.rows_fingerprint(self.sync) or self.capricious:
            return
        snapshot = self.snapshot()
        for key in {*snapshot, *(source for _, source in sent.values())} - owed:
            expected = self.expected(snapshot[key]) if key in snapshot else {}
            assert {code: value for code, (value, source) in sent.items() if source == key} == expected, key

    def expected(self, row: Row) -> dict[str, int]:
        return {one["code"]: one["value"] for one in self.makes(row)}

    @rule()
    def in_the_end_all_is_right(self) -> None:
        """Once all is well, only what collides or fails is owed, and rightly so."""
        if not self.store.head("c", "M").promised:
            self.destination.refused.clear()
        for _ in range(2):
            self.run(full=True)
            self.destination.refused.clear()
        self.run(full=True)
        self.approve()
        self.run(full=True)
        assert self.snapshot() == {key: {"id": key, "value": row[0]} for key, row in self.source.items()}
        if self.capricious:
            return
        failed = self.owed("failed")
        assert not self.owed() - failed
        taken = {code: source for code, (_, source) in self.sent().items()}
        for key in failed:
            assert self.is_in_the_way(key, taken), key

    def is_in_the_way(self, key: int, taken: dict[str, int]) -> bool:
        """Something really is wrong with this row: it fails, or wants a key that another row has."""
        try:
            wanted = self.makes({"id": key, "value": self.source[key][0]})
        except ValueError:
            return True
        codes = [one["code"] for one in wanted]
        unlike = len({tuple(one.items()) for one in wanted}) > len(set(codes))
        return unlike or any(taken.get(code, key) != key for code in codes) or key in taken.values()


TestTransforms = Machine.TestCase
TestTransforms.settings = settings(max_examples=40, stateful_step_count=14, deadline=None)
TestTransforms.pytestmark = [pytest.mark.timeout(300)]
