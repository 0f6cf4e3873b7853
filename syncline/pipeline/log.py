"""The log of a run: what is said while it goes on, here or by whoever it calls, is kept with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime

from syncline.line import Level, Line
from syncline.run import Run, Store
from syncline.secret import masked

MOST_LINES = 1_000
"""So many lines of others are kept of a run; what the steps themselves say is little."""
MOST_LETTERS = 2_000
PAUSE_SECONDS = 1.0
"""A line is written so long after it was said, at the latest, with all that were said since."""


class Log:
    """What is said while a run goes on. That it cannot be written is no reason for the run to fail.

    A run in which nothing is said writes nothing.
    """

    def __init__(self, store: Store, run: Run) -> None:
        self.model = ""
        self._store, self._run = store, run
        self._waiting: list[Line] = []
        self._written = self._heard = 0
        self._writing = threading.Lock()
        self._timer: threading.Timer | None = None

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Keep what is said by `logging` in this block, and in threads that have copied its context."""
        logging.root.addHandler(_EAR)  # again each time, for who sets up logging anew removes it
        token = _HEARING.set(self)
        try:
            yield
        finally:
            _HEARING.reset(token)

    def hear(self, record: logging.LogRecord) -> None:
        """Keep what somebody says, as long as there is room; what the runner says of itself it keeps itself."""
        if record.name.partition(".")[0] == self._run.runner:
            return
        self._heard += 1
        if self._heard <= MOST_LINES:
            self.say(_level(record), _text(record))

    def say(self, level: Level, text: str) -> None:
        """Add a line."""
        self._waiting.append(Line(datetime.now(UTC), level, _cut(masked(text)), self.model))
        if self._timer is None:
            self._timer = threading.Timer(PAUSE_SECONDS, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def flush(self) -> None:
        """Write what is not written yet; what cannot be, waits for the next time."""
        with self._writing, suppress(Exception):
            self._timer = None
            if lines := tuple(self._waiting):
                self._store.say(self._run, lines, start=self._written)
                self._written += len(lines)
                del self._waiting[: len(lines)]

    def close(self) -> None:
        """Write the rest, and how many lines there was no room for."""
        if self._heard > MOST_LINES:
            self.say("warning", f"{self._heard - MOST_LINES:,} more lines were left out")
        if self._timer is not None:
            self._timer.cancel()
        self.flush()


_HEARING: ContextVar[Log | None] = ContextVar("hearing", default=None)
"""The log of the run that goes on here."""


class _Ear(logging.Handler):
    """Hands what is said to the run in which it is."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if (log := _HEARING.get()) is not None:
                log.hear(record)
        except Exception:  # noqa: BLE001 - a line that cannot be made of its arguments stops nobody
            self.handleError(record)
        last = logging.lastResort
        if logging.root.handlers == [self] and last is not None and record.levelno >= last.level:
            last.handle(record)  # nobody else listens: it is told where it would have been without us


_EAR = _Ear(logging.INFO)


def _level(record: logging.LogRecord) -> Level:
    if record.levelno >= logging.ERROR:
        return "error"
    return "warning" if record.levelno >= logging.WARNING else "info"


def _text(record: logging.LogRecord) -> str:
    """What was said; of an error its kind and its words, while the traceback stays in the log file."""
    error = record.exc_info[1] if record.exc_info else None
    return f"{record.getMessage()}: {type(error).__name__}: {error}" if error else record.getMessage()


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
