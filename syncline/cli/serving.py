"""serve and demo: Syncline with its orchestrator, on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncline.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(serve)
    app.command()(demo)


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at; 0: any free one.", min=0, max=65535)] = 4200,
) -> None:
    """Run everything on its schedule.

    There is a page to start and watch runs. Ctrl-C ends it.
    """
    from deployments.serve import serve as serving  # noqa: PLC0415 - brings Prefect along, seconds of it

    serving(Workspace.open(ctx.obj), host=host, port=port)


def demo(
    folder: Annotated[Path, typer.Option(help="Where; made anew, and yours to go on with.")] = Path("demo-chinook"),
) -> None:
    """Show the main job on real data.

    A music shop is copied to a warehouse, changed, and kept in step.
    """
    from syncline.cli.demo import demo as showing  # noqa: PLC0415 - brings Prefect along, seconds of it

    raise typer.Exit(showing(folder))
