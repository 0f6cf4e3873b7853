"""log: what happened in a run, and what was said of it."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from syncline.cli.screen import moment, say, value
from syncline.insight.log import timeline
from syncline.line import Line
from syncline.workspace import Workspace

_PAUSE_SECONDS = 0.5


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(log)


def log(
    ctx: typer.Context,
    *,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, or its beginning.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")] = False,
) -> None:
    """Show what happened in a run, step by step, and what was said.

    Retries, warnings, what your own functions log: wherever the run goes on.
    """
    store, seen = Workspace.open(ctx.obj).store, set[Line]()
    while True:
        found = store.run(run)
        for line in timeline(found, store.log(found.id)):
            if line not in seen:
                say(json.dumps(line.as_json(), ensure_ascii=False) if as_json else _shown(line))
                seen.add(line)
        if found.ended_at or not follow:
            return
        time.sleep(_PAUSE_SECONDS)


def _shown(line: Line) -> str:
    """A line in one line, whatever is in it."""
    model = f"{line.model}: " if line.model else ""
    return f"{moment(line.at)}  {line.level:<7}  {model}{value(line.text, limit=len(line.text))}"
