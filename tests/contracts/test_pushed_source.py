"""What was pushed, read as other sources are: nothing is missed, whoever writes and wherever it breaks off."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from syncline import Batch, ConfigError, DataModel, Read, SyncMode
from syncline.conform import conform
from syncline.pushed import source as reading
from syncline.pushed.item import fit
from syncline.pushed.model import PushModel
from syncline.pushed.source import PushedSource, Supply
from syncline.pushed.store import Change
from syncline.sources import Combined, Part
from syncline.store import open_store
from syncline.store.pushed import SqlPushed
from syncline.testing.pushed import guid

PETS = PushModel("pets", pa.schema({"name": pa.string(), "weight": pa.decimal128(9, 2)}))
MODEL = PETS.model


@dataclass
class Stall:
    """Pets as they are pushed, and what reads them."""

    store: SqlPushed
    passed: list[int] = field(default_factory=list)

    def push(self, *numbers: int, name: str = "Rex") -> None:
        items = [{"guid": guid(number), "name": name, "weight": number} for number in numbers]
        rows = {row.guid: row.text for row in fit(items, PETS, "default", str)}
        self.store.push([Change("default", "pets", rows)])

    def drop(self, *numbers: int) -> None:
        self.store.push([Change("default", "pets", gone=[guid(number) for number in numbers])])

    @property
    def source(self) -> PushedSource:
        return PushedSource().supplied(Supply({"pets": PETS}, lambda: self.store, lambda _model: self.passed))

    def read(self, **asked: Any) -> Iterator[Batch]:
        return self.source.read(Read(MODEL, origin="pets", **asked))

    def names(self) -> dict[str, str]:
        """What is there, by a full read."""
        return Copy().take(self.read()).rows


@dataclass
class Copy:
    """What somebody knows who takes in every batch."""

    rows: dict[str, str] = field(default_factory=dict)
    cursor: Any = None
    position: Any = None
    seen: set[str] = field(default_factory=set)

    def take(self, batches: Iterator[Batch], most: int = 1 << 30) -> "Copy":
        """Take in some batches; a read that ends is forgotten as such."""
        for _, batch in zip(range(most), batches, strict=False):
            if batch.rows is not None:
                fitted = conform(batch.rows, MODEL)
                assert not fitted.rejected
                found = dict(zip(*(fitted.rows.column(name).to_pylist() for name in ("guid", "name")), strict=True))
                self.rows |= found
                self.seen |= found.keys()
            for name in (batch.deleted or {"guid": []})["guid"]:  # type: ignore[call-overload,index]
                self.rows.pop(name, None)
            self.position = batch.position
            if batch.complete:
                self.rows = {name: self.rows[name] for name in self.seen}
            if batch.position is None:
                self.cursor, self.seen = batch.cursor, set()
        return self


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    yield Stall(SqlPushed(store.database, "default"))
    store.close()


def test_a_full_read_gives_all_rows_in_the_order_of_the_key_and_is_complete(
    stall: Stall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE_ROWS", 2)
    stall.push(3, 1, 4, 2, 5)
    stall.drop(4)
    batches = list(stall.read())
    rows = [row for batch in batches if batch.rows for row in conform(batch.rows, MODEL).rows.to_pylist()]
    wanted = [{"guid": guid(number), "name": "Rex", "weight": Decimal(number)} for number in (1, 2, 3, 5)]
    assert rows == wanted
    assert [batch.complete for batch in batches] == [False, False, True]
    assert batches[-1].cursor == 6


def test_an_incremental_read_gives_what_has_changed_and_what_is_gone_and_nothing_else(stall: Stall) -> None:
    stall.push(1, 2, 3)
    stall.push(2, 4, name="Ida")
    stall.drop(1)
    *some, last = stall.read(mode=SyncMode.INCREMENTAL, since={"": 3})
    assert [(batch.rows["guid"], batch.deleted) for batch in some] == [  # type: ignore[call-overload,index]
        ([guid(2), guid(4)], {"guid": [guid(1)]})
    ]
    assert (last.cursor, last.complete) == (6, False)
    (nothing,) = stall.read(mode=SyncMode.INCREMENTAL, since={"": 6})
    assert (nothing.rows, nothing.deleted, nothing.cursor) == (None, None, 6)


@pytest.mark.parametrize("seed", range(40))
def test_whoever_writes_meanwhile_and_wherever_a_read_breaks_off_nothing_is_missed(
    stall: Stall, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """R8, R33."""
    monkeypatch.setattr(reading, "PAGE_ROWS", 3)
    chance, copy = Random(seed), Copy()

    def written(batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            yield batch
            stall.push(*chance.sample(range(12), 3), name=str(chance.random()))
            stall.drop(*chance.sample(range(12), 2))

    for _ in range(6):
        since = {} if copy.cursor is None or chance.random() < 0.3 else {"": copy.cursor}
        mode = SyncMode.INCREMENTAL if since else SyncMode.FULL
        copy.position, copy.seen, ended = None, set(), False
        while not ended:
            position = {} if copy.position is None else {"": copy.position}
            copy.take(written(stall.read(mode=mode, since=since, position=position)), chance.choice([1, 2, 99]))
            ended = copy.position is None
        if chance.random() < 0.5:
            stall.store.forget("pets", copy.cursor)
    copy.take(stall.read(mode=SyncMode.INCREMENTAL, since={"": copy.cursor}))
    assert copy.rows == stall.names()


def test_a_source_reaches_back_as_far_as_deletions_are_remembered(stall: Stall) -> None:
    assert stall.source.reaches("pets", {"": 0})
    stall.push(1, 2)
    stall.drop(1)
    stall.passed += [3, 2]
    list(stall.read())
    assert stall.source.reaches("pets", {"": 2})
    stall.passed[1] = 3
    list(stall.read())
    assert not stall.source.reaches("pets", {"": 2})
    assert stall.source.reaches("pets", {"": 3})
    assert not stall.source.reaches("pets", {"": 4})  # of a store that was there before this one


def test_several_sources_reach_back_as_far_as_each_of_them(stall: Stall) -> None:
    stall.push(1, 2)
    stall.drop(1)
    stall.store.forget("pets", 3)
    parts = (Part("a", "a", "pets"), Part("b", "b", "pets"))
    both = Combined({"a": stall.source, "b": stall.source}, {"pets, twice": parts})
    assert both.reaches("pets, twice", {"a": 3, "b": 3})
    assert not both.reaches("pets, twice", {"a": 3, "b": 2})


def test_what_is_not_declared_is_named(stall: Stall) -> None:
    source = stall.source
    assert [model.name for model in source.discover()] == ["pets"]
    for origin, columns, key, said in (
        ("cats", {"guid": pa.string()}, "guid", "cats.*known are pets"),
        ("pets", {"guid": pa.string(), "colour": pa.string()}, "guid", "colour"),
        ("pets", {"name": pa.string()}, "name", "has the key `guid`"),
    ):
        with pytest.raises(ConfigError, match=said):
            list(source.read(Read(DataModel("a", pa.schema(columns), (key,)), origin=origin)))
    with pytest.raises(ConfigError, match="in a workspace only"):
        list(PushedSource().read(Read(MODEL, origin="pets")))
    assert source.identity() == PushedSource().identity() == "pushed"
