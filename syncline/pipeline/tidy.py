"""Tidy: what no head, plan or kept run names goes; nothing else ever does (R4)."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from syncline.pipeline import release
from syncline.pipeline.plan import Plan
from syncline.run import Head
from syncline.storage import Storage

KEPT = frozenset(
    {
        "plan.json",
        "changes.parquet",
        "previous.parquet",
        "delta.parquet",
        "before.parquet",
        "owed.parquet",
        release.RELEASE,
    }
)
"""What tells of a run: its changeset, the list of what was owed, what was published."""
GRACE_SECONDS = 3600.0
ABANDONED_SECONDS = 24 * 3600.0
RETENTION_SECONDS = 90 * 24 * 3600.0


def tidy(storage: Storage, home: str, head: Head, plan: Plan, before: Head) -> None:
    """Remove what the model at `home` no longer needs.

    That is what led to the plan committed now, what only the head `before` named after a grace time, for someone may
    still read it, old changesets after 90 days, and what processes left that were killed.
    """
    folder = storage.folder(home)
    named, now = _named(head) | release.named(folder), time.time()
    _drop_extraction(storage, plan, named)
    _begin_grace(storage, _named(before) - named)
    for place in folder.iterdir():
        if place.is_dir():
            _tidy_plan(place, {path for path in place.iterdir() if _name(storage, path) in named}, now)
    _drop_abandoned(storage, now)


def _drop_extraction(storage: Storage, plan: Plan, named: set[str]) -> None:
    kept = named | {file.name for file in (*plan.files, *plan.before)}
    for path in storage.folder(plan.folder).iterdir():
        if path.name not in KEPT and _name(storage, path) not in kept:
            path.unlink(missing_ok=True)


def _begin_grace(storage: Storage, names: set[str]) -> None:
    for folder in {(storage.root / name).parent for name in names}:
        if folder.exists():
            os.utime(folder)


def _drop_abandoned(storage: Storage, now: float) -> None:
    """The spill folders of engines and the files of previews whose process was killed."""
    for place in (*storage.root.glob(".engine-*"), *storage.root.glob("preview-*"), *storage.root.glob("handed-*")):
        with suppress(FileNotFoundError):
            if now - place.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(place, ignore_errors=True)


def _tidy_plan(plan: Path, named: set[Path], now: float) -> None:
    age = now - plan.stat().st_mtime
    if not named and age > RETENTION_SECONDS:
        shutil.rmtree(plan, ignore_errors=True)
        return
    if age < GRACE_SECONDS:
        return
    for path in plan.iterdir():
        if path not in named and path.name not in KEPT and not _is_changeset(plan, path):
            path.unlink(missing_ok=True)


def _is_changeset(plan: Path, path: Path) -> bool:
    """A first extract in the order of the key is its run's changeset, too, if its plan was ever made."""
    return (
        path.name.startswith("extract-")
        and (plan / "plan.json").exists()
        and not (plan / "changes.parquet").exists()
        and not (plan / "delta.parquet").exists()
    )


def clear(storage: Storage, folder: str, head: Head) -> None:
    """Remove the folder of a plan that never came to be, unless the head names a file of it."""
    if not any(name.startswith(f"{folder}/") for name in _named(head)):
        storage.remove(folder)


def _named(head: Head) -> set[str]:
    names = {file.name for layers in (head.snapshot, head.sent) for file in (*layers.files, *layers.aside)}
    if head.owed is not None:
        names.add(head.owed.name)
    if head.promised:
        names.add(head.promised)
    return names


def _name(storage: Storage, path: Path) -> str:
    return path.relative_to(storage.root).as_posix()
