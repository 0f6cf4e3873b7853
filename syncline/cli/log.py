"""The log file: what a developer needs, kept there instead of on the screen."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncline.cli.screen import note
from syncline.errors import SynclineError
from syncline.workspace import Workspace

_LINE = logging.Formatter("%(asctime)s %(levelname)s %(message)s")


class _Screen(logging.Handler):
    """Warnings as one line each; of a fault, where its traceback lies."""

    def __init__(self, file: Path) -> None:
        super().__init__(logging.WARNING)
        self.file = file

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        details = f"; details in {self.file}" if record.exc_info else ""
        note(f"{record.getMessage()}{details}")


@contextmanager
def logged(workspace: Workspace) -> Iterator[None]:
    """While this lasts, what is said by `logging` goes to the log file of the workspace; warnings are shown too."""
    file = workspace.own / "log"
    kept = logging.FileHandler(file, encoding="utf-8", delay=True)
    kept.setFormatter(_LINE)
    handlers = (kept, _Screen(file))
    for handler in handlers:
        logging.root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logging.root.removeHandler(handler)
            handler.close()


def keep_traceback(folder: Path | None, error: BaseException) -> Path:
    """Note an unexpected error; gives the file."""
    try:
        file = Workspace.open(folder).own / "log"
    except (SynclineError, OSError):
        file = Path(tempfile.gettempdir()) / "syncline.log"
    kept = logging.FileHandler(file, encoding="utf-8")
    kept.setFormatter(_LINE)
    exc_info = (type(error), error, error.__traceback__)
    kept.emit(logging.LogRecord("syncline", logging.ERROR, "", 0, "a fault in Syncline", (), exc_info))
    kept.close()
    return file
