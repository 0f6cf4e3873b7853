"""Several sources in one model: what it is depends on what each part last said, not on which was read when."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from syncline import Batch, Limits, Missing, Read, Request, RunStatus, SyncMode
from syncline.sources import Combined, Part, origin
from syncline.testing.memory import MemorySource
from tests.domain.rig import Rig, pet

NAMES = ("shop", "erp", "crm")
PARTS = tuple(Part(name, name, "pets") for name in NAMES)
STAYS = 90
"""From this key on, each part has one of its own that stays, so that no read is empty."""


class Member:
    """One of the sources: it tells what has changed since, deletions included, or cannot be reached."""

    def __init__(self, stays: int) -> None:
        self.rows: dict[int, tuple[str, int]] = {stays: ("Stays", 0)}
        self.gone: dict[int, int] = {}
        self.is_missing = False

    def answer(self, request: Read) -> list[Batch | BaseException]:
        if self.is_missing:
            return [Missing("it is not there")]
        since = request.since.get("", -1)
        rows = [pet(key, name) for key, (name, at) in self.rows.items() if at >= since]
        gone = [{"id": key} for key, at in self.gone.items() if at >= since and key not in self.rows]
        cursor = max([0, *(at for _, at in self.rows.values()), *self.gone.values()])
        whole = request.mode is SyncMode.FULL
        return [Batch(rows=rows), Batch(deleted=gone if not whole else None, cursor=cursor, complete=whole)]

    @property
    def said(self) -> dict[int, str]:
        return {key: name for key, (name, _) in self.rows.items()}


class Zoo:
    """Three sources in one model, and what a plain dict says of them."""

    def __init__(self, folder: Path) -> None:
        self.members = {name: Member(STAYS + number) for number, name in enumerate(NAMES)}
        self.known: dict[str, dict[int, str]] = {name: {} for name in NAMES}
        self.clock = 0
        free = Limits(deleted=1.0, rejected=1.0)
        self.rig = Rig(folder, origin=origin(PARTS), cursor="version", limits=free)
        sources = {name: MemorySource(member.answer) for name, member in self.members.items()}
        self.rig.source = Combined(sources, {origin(PARTS): PARTS})

    def edit(self, name: str, key: int, value: str | None) -> None:
        member = self.members[name]
        self.clock += 1
        if value is not None:
            member.rows[key] = (value, self.clock)
        elif member.rows.pop(key, None):
            member.gone[key] = self.clock

    def run(self, missing: set[str], *, full: bool) -> None:
        for name, member in self.members.items():
            member.is_missing = name in missing
            if name not in missing:
                self.known[name] = member.said
        done = self.rig.run(request=Request(full_sync=full))
        if len(missing) == len(NAMES):
            assert done.status is RunStatus.FAILED
        else:
            assert done.status is RunStatus.SUCCEEDED, done.error
            assert all((name in done.error) == (name in missing) for name in NAMES), done.error

    def check(self) -> None:
        holding: dict[int, str] = {}
        outranked = set()
        for name in NAMES:
            for key, row in self.known[name].items():
                if holding.setdefault(key, row) != row:
                    outranked.add(key)
        assert self.rig.held == self.rig.snapshot == self.rig.sent == holding
        assert set(self.rig.owed().get("outranked", [])) == outranked
        assert not set(self.rig.owed()) - {"outranked"}
        assert self.rig.head.snapshot.rows == len(holding)


EDITS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.integers(1, 3)), st.sampled_from(["Rex", "Tom", None]), max_size=6
)
STEP = st.tuples(EDITS, st.sets(st.sampled_from(NAMES)), st.booleans())


@pytest.mark.timeout(300)
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(STEP, min_size=3, max_size=7))
def test_a_model_is_what_its_parts_last_said_whichever_was_read_when(steps: list[tuple[Any, ...]]) -> None:
    """R7, R8, R11, Invariant 3: an incremental read, or one without some parts, leads where full reads lead."""
    with tempfile.TemporaryDirectory() as folder:
        zoo = Zoo(Path(folder))
        for edits, missing, full in [*steps, ({}, set(), False), ({}, set(), True)]:
            for (name, key), value in edits.items():
                zoo.edit(name, key, value)
            zoo.run(missing, full=full)
            zoo.check()
