"""The demo from its first to its last line."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from syncline.cli.demo.place import command, make_workspace, sheltered
from syncline.cli.demo.stage import CONNECTION, Stage, heading, through_prefect, waiting
from syncline.cli.demo.story import tell
from syncline.cli.log import logged
from syncline.cli.screen import note, plural, say
from syncline.workspace import Workspace

FOLDER = Path("demo-chinook")


def demo(folder: Path = FOLDER) -> int:
    """Sync a music shop to a warehouse through all that can happen to it, on a Prefect server of its own.

    The folder is made anew; it is a workspace to go on with afterwards.

    Returns:
        0 if every check held, else 1.

    Raises:
        ConfigError: the folder is not the demo's, the data is not installed, or the server does not start.
    """
    began = time.monotonic()
    make_workspace(folder)
    workspace = Workspace.open(folder)
    with sheltered(workspace.own / "prefect") as aside:
        say(
            f"A music shop, chinook.db, is kept in step with warehouse.db by connections/chinook.yaml, all in {folder}."
        )
        stage = _play(workspace)
    _show_end(stage, time.monotonic() - began)
    _show_ways_on(stage, command(folder))
    if aside:
        note(f"{', '.join(aside)} was left aside here; unset it before you type these.")
    return int(stage.failed > 0)


def _play(workspace: Workspace) -> Stage:
    """Tell the story on a server that lives as long as it lasts."""
    with ExitStack() as stack:
        with waiting("Starting a Prefect server (5 to 20 s) ..."):
            from deployments.server import prefect_server  # noqa: PLC0415 - brings Prefect along, seconds of it

            api_url = stack.enter_context(prefect_server(workspace.own / "prefect"))
            stage = Stage(workspace, through_prefect(workspace, api_url))
        stack.enter_context(logged(workspace))
        tell(stage)
    return stage


def _show_end(stage: Stage, seconds: float) -> None:
    flows = sum(run.runner == "prefect" for run in stage.runs)
    checks = f"{plural(stage.failed, 'check')} FAILED" if stage.failed else "Every check held"
    heading(f"{checks}: {plural(flows, 'run')} through Prefect, {seconds:.0f} s in all.")


def _show_ways_on(stage: Stage, program: str) -> None:
    ways = {
        f"{program} runs": "what has happened",
        f"{program} show {stage.runs[1].id[:8]}": "the second run, its rows before and after",
        f"{program} plan {CONNECTION}": "what a run would send now: nothing, until you change chinook.db",
        f"{program} run {CONNECTION}": "send it; this needs no server",
        f"{program} serve": "everything on its schedule, and pages that show the runs above",
    }
    width = max(map(len, ways))
    say("What to type next:")
    for line, what in ways.items():
        say(f"  {line.ljust(width)}  # {what}")
