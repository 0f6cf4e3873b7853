"""What the demo does again and again: change the shop, sync, and check what became of it."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from textwrap import fill

from syncline.cli.demo.proof import TABLES, compare
from syncline.cli.progress import watching
from syncline.cli.report import failures, show_models
from syncline.cli.screen import console, note, plural, say
from syncline.errors import SynclineError
from syncline.request import Request
from syncline.run import Run
from syncline.workspace import Workspace

CONNECTION = "chinook"
_DONE = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}

Rows = Counter[tuple[str, str]]
"""(model, what is done to rows of it) -> how many."""
Sync = Callable[[Request], Run]


class Stage:
    """A workspace, the way to run its connection, the runs so far, and how many checks have failed."""

    def __init__(self, workspace: Workspace, sync: Sync) -> None:
        self.workspace = workspace
        self.runs: list[Run] = []
        self.failed = 0
        self._sync = sync

    def edit(self, *statements: str) -> Rows:
        """Carry out SQL in the shop and show it; gives what SQLite says was changed, as the sync should send it."""
        changed: Rows = Counter()
        models = {table: model for model, (table, _) in TABLES.items()}
        with closing(sqlite3.connect(self.workspace.folder / "chinook.db")) as shop, shop:
            for statement in statements:
                rows = shop.execute(statement).rowcount
                table = next(word for word in statement.split() if word in models)
                changed[models[table], _DONE[statement.split()[0]]] += rows
                say(fill(f"{statement};  -- {plural(rows, 'row')}", 110, initial_indent="  ", subsequent_indent="    "))
        return changed

    def sync(self, request: Request) -> Run:
        """Run the connection through Prefect, and show what became of it.

        Raises:
            SynclineError: a model failed, so the rest of the story makes no sense.
        """
        run = self._sync(request)
        self.runs.append(run)
        say()
        show_models([run])
        say()
        if failed := failures(run):
            raise SynclineError("; ".join(failed), hint=f"more is in {self.workspace.own}")
        return run

    def check_sent(self, run: Run, expected: Rows) -> None:
        """See that the run sent these rows and no others."""
        found = sent(run)
        self.check(f"sent exactly what changed: {_told(expected)}", holds=found == +expected, found=_told(found))

    def check_equal(self) -> None:
        """See that every copy is equal to its table."""
        found = compare(self.workspace.folder)
        shown = ", ".join(map(str, found))
        self.check(f"both sides equal by SQL: {shown}", holds=all(one.is_equal for one in found), found=shown)

    def check(self, claim: str, *, holds: bool, found: str = "") -> None:
        """Tell whether something holds, and remember if it does not."""
        self.failed += not holds
        say(f"  ok: {claim}" if holds else f"  WRONG: {claim}{f'; found: {found}' if found else ''}")


def sent(run: Run) -> Rows:
    """What a run did to the rows of its models, and what it held back."""
    done = (*_DONE.values(), "withheld", "rejected")
    return +Counter({(part.model, verb): getattr(part.counts, verb) for part in run.models for verb in done})


def heading(text: str) -> None:
    """A line that begins something new."""
    say()
    if sys.stdout.isatty():
        console().print(text, style="bold")
    else:
        say(text)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something takes a while."""
    if sys.stderr.isatty():
        with console(error=True).status(text):
            yield
    else:
        note(text)
        yield


def through_prefect(workspace: Workspace, api_url: str) -> Sync:
    """How the demo runs its connection: as a flow of this server; on a terminal one sees it work."""
    from deployments.run import run_now  # noqa: PLC0415 - brings Prefect along, seconds of it

    def sync(request: Request) -> Run:
        watched = watching(CONNECTION) if sys.stderr.isatty() else nullcontext(None)
        with watched as listen:
            return run_now(workspace, CONNECTION, request, api_url, listen=listen)

    return sync


def _told(rows: Rows) -> str:
    shown: Sequence[str] = [f"{model} {count:,} {verb}" for (model, verb), count in sorted(rows.items()) if count]
    return ", ".join(shown) or "nothing"
