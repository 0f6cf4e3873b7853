"""Files made from what was sent: R27."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncline import DataError, Publication
from syncline.pipeline import Steps
from tests.domain.rig import Rig, pets, whole

CSV = (Publication("csv"),)


def folder(rig: Rig) -> Path:
    return rig.storage.root / "files/default/zoo/PETS"


def latest(rig: Rig, suffix: str = "csv") -> list[str]:
    return (folder(rig) / f"latest.{suffix}").read_text().splitlines()


def full_disk(*_: object) -> Any:
    raise DataError("the disk is full")


def test_a_file_holds_everything_and_is_named_by_its_plan(tmp_path: Path) -> None:
    """R27, P1.12."""
    rig = Rig(tmp_path, publish=CSV)
    rig.ok(whole(pets(1, 2)))
    done = rig.ok(whole(pets(1, 2, 3)))
    assert latest(rig) == ["id,name,version", "1,Rex,1", "2,Rex,1", "3,Rex,1"]
    assert done.files == (f"files/default/zoo/PETS/versions/{done.plan}.csv",)
    assert rig.storage.path(done.files[0]).resolve() == (folder(rig) / "latest.csv").resolve()
    assert len(list((folder(rig) / "versions").iterdir())) == 2


def test_it_is_made_from_what_was_sent(tmp_path: Path) -> None:
    """R27: not from what the destination refused."""
    rig = Rig(tmp_path, publish=CSV)
    rig.destination.refused.add((2,))
    rig.ok(whole(pets(1, 2)))
    assert latest(rig) == ["id,name,version", "1,Rex,1"]


def test_nothing_changed_nothing_is_published(tmp_path: Path) -> None:
    """R27, Invariant 11."""
    rig = Rig(tmp_path, publish=CSV)
    rig.ok(whole(pets(1)))
    assert rig.ok().files == ()


def test_a_publication_that_fails_does_not_undo_the_load(tmp_path: Path) -> None:
    """R27: a full bucket never blocks the destination."""
    rig = Rig(tmp_path, publish=CSV)
    done = rig.run(whole(pets(1)), steps=Steps(publish=full_disk))
    assert (done.status, done.step) == ("failed", "publish")
    assert rig.held == rig.sent == {1: "Rex"}
    assert not rig.head.promised


def test_what_lags_is_published_though_nothing_changed_since(tmp_path: Path) -> None:
    """R27."""
    rig = Rig(tmp_path, publish=CSV)
    failed = rig.run(whole(pets(1)), steps=Steps(publish=full_disk))
    rig.ok()
    assert (rig.loads, rig.head.published) == (1, failed.plan)
    assert [path.stem for path in (folder(rig) / "versions").iterdir()] == [failed.plan]
    assert latest(rig) == ["id,name,version", "1,Rex,1"]


def test_a_model_that_is_published_only_needs_no_destination(tmp_path: Path) -> None:
    """R27."""
    rig = Rig(tmp_path, publish=CSV)
    rig.destination = None
    rig.ok(whole(pets(1)))
    rig.ok(whole(pets(1, 2)))
    assert len(latest(rig)) == 3


@pytest.mark.parametrize("before", [(), CSV], ids=["the first", "another"])
def test_a_publication_added_later_is_made_though_nothing_changed(
    tmp_path: Path, before: tuple[Publication, ...]
) -> None:
    """R27, R5, P4.11."""
    rig = Rig(tmp_path, publish=before)
    rig.ok(whole(pets(1)))
    rig.sync = replace(rig.sync, publish=(*before, Publication("jsonl")))
    rig.ok()
    assert latest(rig, "jsonl") == ['{"id":1,"name":"Rex","version":1}']
    assert rig.loads == 1
