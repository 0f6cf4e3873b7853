"""How far a model is: told to the store and to who listens."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from syncline import owed
from syncline.changes import Difference
from syncline.errors import SynclineError
from syncline.model import SyncMode
from syncline.pipeline.publish import Published
from syncline.pipeline.session import Session
from syncline.run import Entry, Head, ModelRun, RunResult, RunStatus, Step
from syncline.status import MISSING, UNPUBLISHED

PAUSE_SECONDS = 0.3
"""Rows are counted at once, but told at most this often."""
_log = logging.getLogger("syncline")


class Progress:
    """One model's part of a run as it goes on."""

    def __init__(self, session: Session, model: str, mode: SyncMode) -> None:
        self._session = session
        self._session.log.model = model
        self._told = 0.0
        self.run = ModelRun(model, mode, RunStatus.RUNNING, started_at=datetime.now(UTC))

    def enter(self, step: str) -> None:
        """A step begins."""
        self.run = replace(self.run, step=step, steps=(*self.run.steps, Step(step, datetime.now(UTC))))
        self._session.note(self.run)

    def reads(self, mode: str) -> None:
        """How much is read this time, now that this is known."""
        self.run = replace(self.run, mode=mode)

    def misses(self, missing: Mapping[str, str]) -> None:
        """These parts could not be read, for these reasons; the others go on."""
        said = [f"part {part} {MISSING}: {reason}" for part, reason in missing.items()]
        self._warn(said)
        self.run = replace(self.run, error="; ".join(said))

    def plans(self, plan: str) -> None:
        """The changeset of this run."""
        self.run = replace(self.run, plan=plan)

    def done(self, rows: int) -> None:
        """More rows are through the running step."""
        counts = self.run.counts
        if self.run.step == "extract":
            self.count(read=counts.read + rows)
        else:
            self.count(loaded=counts.loaded + rows)
        if time.monotonic() - self._told >= PAUSE_SECONDS:
            self._told = time.monotonic()
            self._session.note(self.run)

    def count(self, **counts: int) -> None:
        """Set counts."""
        self.run = replace(self.run, counts=replace(self.run.counts, **counts))

    def owes(self, entries: Sequence[Entry]) -> None:
        """What the model owes now."""
        self._warn([f"{entry.count:,} {entry.kind}: {entry.reason}" for entry in entries])

    def took(self, difference: Difference) -> None:
        """The destination has taken these rows."""
        counts = self.run.counts
        self.count(
            inserted=counts.inserted + difference.inserted,
            updated=counts.updated + difference.updated,
            deleted=counts.deleted + difference.deleted,
        )

    def succeeded(self, head: Head, done: Published) -> None:
        """All steps are done; what is owed, missing, or was not published, makes it partial (R30)."""
        rejected = sum(head.owing.get(kind, 0) for kind in (owed.REJECTED, owed.OUTRANKED, owed.FAILED, owed.REFUSED))
        withheld = head.owing.get(owed.WITHHELD, 0) + head.owing.get(owed.ABSENT, 0)
        self.count(rejected=rejected, withheld=withheld)
        counts = self.run.counts
        changed = counts.inserted or counts.updated or counts.deleted
        result = RunResult.SUCCESS if changed else RunResult.NO_CHANGES
        unpublished = [f"{UNPUBLISHED}: {reason}" for reason in done.withheld]
        self._warn(unpublished)
        for file in done.files:
            self._session.log.say("info", f"published {PurePosixPath(file).name}")
        why = [self.run.error, *unpublished] if self.run.error else unpublished
        if rejected or withheld or why:
            result = RunResult.PARTIAL
        self._end(RunStatus.SUCCEEDED, result, files=done.files, error="; ".join(why))

    def failed(self, error: Exception, where: str) -> None:
        """A step failed, and with it the model's part of the run; `where` is where the model was declared."""
        shown = told(error)
        shown.where = shown.where or where
        self._end(RunStatus.FAILED, RunResult.ERROR, error=str(shown))

    def _warn(self, said: Sequence[str]) -> None:
        for text in said:
            self._session.log.say("warning", text)

    def _end(self, status: RunStatus, result: RunResult, *, files: tuple[str, ...] = (), error: str = "") -> None:
        step = "done" if status is RunStatus.SUCCEEDED else self.run.step
        ended = datetime.now(UTC)
        self.run = replace(self.run, status=status, result=result, step=step, files=files, error=error, ended_at=ended)
        self._session.note(self.run)


def told(error: Exception) -> SynclineError:
    """An error in words for people.

    Example:
        >>> told(OSError(errno.ENOSPC, "No space left on device"))
        SynclineError('the disk is full')
    """
    if isinstance(error, SynclineError):
        return error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        hint = "make room where the storage lies, then run again; nothing is lost"
        return SynclineError("the disk is full", hint=hint)
    if isinstance(error, OSError) and error.strerror:
        return SynclineError(f"{error.strerror}: {error.filename}" if error.filename else error.strerror)
    _log.error("a fault in Syncline or a connector", exc_info=error)
    return SynclineError(f"{type(error).__name__}: {error}", hint="a fault in Syncline or a connector; see the log")
