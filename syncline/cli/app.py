"""The program: its commands, and what becomes of errors."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from syncline.cli import files, history, keys, lines, running, schema, serving, setup, users
from syncline.cli.leave import leave
from syncline.cli.log import keep_traceback
from syncline.cli.screen import note, say_error
from syncline.errors import SynclineError


class _Program(TyperGroup):
    """All commands; an error leaves as one message and its exit code, never as a traceback."""

    def invoke(self, ctx: Any) -> Any:  # a click.Context, which Typer does not name in public
        """Run the command that was asked for."""
        try:
            return self._invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            note("Interrupted. What was begun, the next run finishes.")
            raise
        except SynclineError as error:
            say_error(error)
            raise typer.Exit(error.exit_code) from error
        except Exception as error:
            log = keep_traceback(ctx.params.get("workspace"), error)
            say_error(SynclineError(f"a fault in Syncline: {_first_line(error)}, please report; details in {log}"))
            raise typer.Exit(1) from error

    def _invoke(self, ctx: Any) -> Any:
        """Run it; libraries that call back into Python may make an error of an interrupt."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if "KeyboardInterrupt" in str(error):
                raise KeyboardInterrupt from error
            raise


app = typer.Typer(
    name="syncline",
    cls=_Program,
    help="Keeps a destination equal to its sources: only what changed is sent.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        try:
            typer.echo(f"syncline {version('syncline')}")
        except PackageNotFoundError:
            typer.echo("syncline (not installed)")
        raise typer.Exit


@app.callback()
def _program(
    ctx: typer.Context,
    *,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", "-w", help="The workspace folder; else the one around this folder.")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    ctx.obj = workspace


for _part in (setup, schema, running, history, lines, files, serving, users, keys):
    _part.register(app)


def main(args: list[str] | None = None) -> int:
    """Run the program; gives the exit code, or without `args` ends the process with it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a narrow terminal encoding must not end a run
    code = _code(args)
    if args is None:
        leave(code)
    return code


def _code(args: list[str] | None) -> int:
    try:
        typer.main.get_command(app).main(args, prog_name="syncline")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
