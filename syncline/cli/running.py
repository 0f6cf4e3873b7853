"""plan, run and approve: what would be sent, sending it, and letting go what was withheld."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, NoReturn

import typer

from syncline.cli import option
from syncline.cli.log import logged
from syncline.cli.progress import watching
from syncline.cli.prospect import preview_json, show_preview
from syncline.cli.report import DONE, FAILED, OWING, exit_code, show_published, show_runs, worst
from syncline.cli.screen import note, plural, say, say_error, say_json, table, value
from syncline.connection import Connection
from syncline.errors import ConfigError, SynclineError
from syncline.request import Request
from syncline.run import Head, Run
from syncline.workspace import Workspace

_AWAITING = ("withheld", "absent")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (plan, run, update, approve):
        app.command()(command)


def plan(  # noqa: PLR0913 - an option each
    ctx: typer.Context,
    *,
    connection: option.ConnectionName,
    model: option.Models = None,
    full: option.Full = False,
    since: option.From = None,
    file: option.Files = None,
    rows: Annotated[int, typer.Option(min=0, help="How many rows to show of each model.")] = 10,
    sample: Annotated[bool, typer.Option("--sample", help="Show rows before and after the transform too.")] = False,
    as_json: option.AsJson = False,
) -> None:
    """Show what a run would send; nothing is sent."""
    from syncline.pipeline import preview  # noqa: PLC0415 - the engine is half of a start

    workspace = Workspace.open(ctx.obj)
    found = workspace.connection(connection)
    request = option.request(model, full=full, since=since, files=file)
    with preview(found, request, workspace.store, workspace.storage, sample=rows if sample else 0) as previews:
        if as_json:
            say_json({"connection": connection, "models": [preview_json(one, rows) for one in previews]})
        else:
            for one in previews:
                show_preview(one, rows, connection)
        codes = [FAILED if one.error else OWING if one.owing else DONE for one in previews]
    raise typer.Exit(worst(codes))


def run(
    ctx: typer.Context,
    *,
    connection: option.Connections = None,
    model: option.Models = None,
    full: option.Full = False,
    since: option.From = None,
    file: option.Files = None,
    resend: Annotated[bool, typer.Option("--resend", help="Send everything, changed or not.")] = False,
    as_json: option.AsJson = False,
) -> None:
    """Sync now: what changed since the last run, and nothing else."""
    if file and len(connection or ()) != 1:
        raise ConfigError("--file needs one connection", hint="syncline run CONNECTION --file FILE")
    request = option.request(model, full=full, since=since, resend=resend, files=file)
    _run(Workspace.open(ctx.obj), connection, request, as_json)


def update(
    ctx: typer.Context,
    *,
    connection: option.Connections = None,
    model: option.Models = None,
    as_json: option.AsJson = False,
) -> None:
    """Carry out changed settings, without reading any source.

    `run` does this too, before it reads.
    """
    request = replace(option.request(model, full=False, since=None), update=True)
    _run(Workspace.open(ctx.obj), connection, request, as_json)


def _run(workspace: Workspace, connection: list[str] | None, request: Request, as_json: bool) -> NoReturn:  # noqa: FBT001 - as it was asked for
    runs: list[Run] = []
    codes: list[int] = []
    for name in dict.fromkeys(connection or [*workspace.connections, *workspace.errors]):
        try:
            done = _sync(workspace, workspace.connection(name), request)
            runs += done
            codes += [exit_code(one) for one in done]
        except SynclineError as error:  # the others do not wait for this one
            say_error(error)
            codes.append(error.exit_code)
    _tell(workspace, runs, as_json=as_json)
    if not runs and not codes:
        missing = f"No connections in {workspace.folder / 'connections'}. Make an example: syncline init FOLDER"
        known = workspace.connections or workspace.errors
        note("Everything is as the settings say." if request.update and known else missing)
    raise typer.Exit(worst(codes))


def approve(
    ctx: typer.Context,
    *,
    connection: option.ConnectionName,
    model: option.Models = None,
    yes: option.Yes = False,
    as_json: option.AsJson = False,
) -> None:
    """Carry out deletions that wait for you.

    They are shown first, and you are asked.
    """
    workspace = Workspace.open(ctx.obj)
    found = workspace.connection(connection)
    lists: dict[str, str] = {}
    for sync in found.models if not model else [found[name] for name in model]:
        head = workspace.store.head(connection, sync.name)
        if _show_awaiting(workspace, found, sync.name, head, quiet=as_json):
            lists[sync.name] = head.owed_list  # R26: exactly what was shown
    if not lists:
        _tell(workspace, [], as_json=as_json)
        note(f"Nothing waits for approval in {connection}.")
        return
    option.confirm("Carry these out at the destination?", yes=yes)
    done = _sync(workspace, found, Request(approve=lists))
    _tell(workspace, done, as_json=as_json)
    raise typer.Exit(worst([exit_code(one) for one in done]))


def _sync(workspace: Workspace, connection: Connection, request: Request) -> list[Run]:
    """The run asked for; before it, a run for settings that have changed (R5)."""
    from syncline.pipeline import sync, update_before  # noqa: PLC0415 - the engine is half of a start

    asked = [update_before(connection, request, workspace.store), None if request.update else request]
    with logged(workspace), watching(connection.name) as watch:
        return [sync(connection, one, workspace.store, workspace.storage, listen=watch) for one in asked if one]


def _tell(workspace: Workspace, runs: list[Run], *, as_json: bool) -> None:
    if as_json:
        say_json([run.as_json() for run in runs])
    else:
        show_runs(runs, workspace)
        show_published(workspace, runs)


def _show_awaiting(workspace: Workspace, connection: Connection, name: str, head: Head, *, quiet: bool) -> int:
    """Show the deletions of one model that wait; gives how many."""
    if head.owed is None or not any(head.owing.get(kind) for kind in _AWAITING):
        return 0
    from syncline.owed import MADE, key_columns, owed_rows  # noqa: PLC0415 - only where something is owed
    from syncline.pipeline.limit import SETTINGS  # noqa: PLC0415

    model = connection[name].model(connection.source)
    rows = [row for row in owed_rows(workspace.storage, model, head).to_pylist() if row["kind"] in _AWAITING]
    if rows and not quiet:
        what = "change" if any(row["reason"].startswith(SETTINGS) for row in rows) else "deletion"
        say(f"{connection.name} {name}: {plural(len(rows), what)} waiting")
        titles = key_columns(rows[0], model.key)
        shown = [(*(value(row[column]) for column in titles), row["kind"], row["reason"]) for row in rows[:20]]
        table([*(title.removeprefix(MADE) for title in titles), "kind", "reason"], shown)
        if len(rows) > len(shown):
            say(f"… and {len(rows) - len(shown):,} more")
    return len(rows)
