"""How far a run is, on stderr: a moving line a model on a terminal, a plain line a step in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from syncline.cli.screen import console, note, number
from syncline.run import ModelRun, RunStatus

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Watch: TypeAlias = Callable[[ModelRun], None]


@contextmanager
def watching(connection: str) -> Iterator[Watch]:
    """A function to be told whenever a model of this connection gets on."""
    if sys.stderr.isatty():
        with _moving() as progress:
            yield _Moving(connection, progress).show
    else:
        yield _Plain(connection).show


def _moving() -> Progress:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    text = TextColumn("{task.description}", markup=False)
    return Progress(
        SpinnerColumn(finished_text="✓"), text, TimeElapsedColumn(), console=console(error=True), transient=True
    )


class _Moving:
    def __init__(self, connection: str, progress: Progress) -> None:
        self.connection = connection
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}

    def show(self, model: ModelRun) -> None:
        """Change the model's line."""
        if model.model not in self.tasks:
            self.tasks[model.model] = self.progress.add_task("", total=1)
        line = f"{self.connection} {model.model:<16} {_doing(model)}"
        self.progress.update(self.tasks[model.model], description=line, completed=int(_has_ended(model)))


class _Plain:
    def __init__(self, connection: str) -> None:
        self.connection = connection
        self.shown: set[tuple[str, str]] = set()

    def show(self, model: ModelRun) -> None:
        """Print a line when the model comes to another step."""
        step = model.status if _has_ended(model) else model.step
        if step and (model.model, step) not in self.shown:
            self.shown.add((model.model, step))
            note(f"{self.connection} {model.model}: {_doing(model)}")


def _has_ended(model: ModelRun) -> bool:
    return model.status in (RunStatus.SUCCEEDED, RunStatus.FAILED)


def _doing(model: ModelRun) -> str:
    """The step and the counts that are not nought.

    Example:
        >>> from syncline.run import Counts
        >>> _doing(ModelRun("BOOKS", "full", RunStatus.RUNNING, step="load", counts=Counts(read=1200, inserted=3)))
        'load, 1,200 read, 3 inserted'
    """
    counts = model.counts
    shown = {"read": counts.read, "inserted": counts.inserted, "updated": counts.updated, "deleted": counts.deleted}
    word = model.result or model.status if _has_ended(model) else model.step or "begin"
    return ", ".join([word, *(f"{number(count)} {name}" for name, count in shown.items() if count)])
