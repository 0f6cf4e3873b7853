"""runs, show, cancel and forget: what happened, and what is to happen no more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from syncline.cli import option
from syncline.cli.changeset import changes_json, show_changes
from syncline.cli.report import advice, failures, show_list, show_models
from syncline.cli.screen import lasting, moment, note, say, say_json, table
from syncline.errors import ConfigError, DataError
from syncline.publication import located
from syncline.run import Entry, ModelRun, Run, RunStatus
from syncline.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (runs, show, cancel, forget):
        app.command()(command)


def runs(
    ctx: typer.Context,
    *,
    connection: option.MaybeConnection = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: option.AsJson = False,
) -> None:
    """List the latest runs, newest first."""
    workspace = Workspace.open(ctx.obj)
    found = workspace.store.runs(connection, limit=limit)
    if not found and connection is not None and connection not in workspace.connections:
        workspace.connection(connection)  # a name that is not there is told as such
    if as_json:
        say_json([run.as_json() for run in found])
    elif found:
        show_list(found)
    else:
        say(f"No runs yet. Start one: syncline run{f' {connection}' if connection else ''}")


def show(
    ctx: typer.Context,
    *,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, or its beginning.")],
    rows: Annotated[int, typer.Option(min=0, help="How many changed rows to show of each model.")] = 10,
    as_json: option.AsJson = False,
) -> None:
    """Show a run: its steps and its rows.

    Sent rows are shown before and after, rejected and withheld ones with the reason.
    """
    workspace = Workspace.open(ctx.obj)
    found = workspace.store.run(run)
    entries = workspace.store.entries(found.connection, run=found.id, closed=True)
    owed = _owed_since(workspace, found)
    if as_json:
        say_json({**_run_json(workspace, found, entries, rows), "owed": [asdict(entry) for entry in owed]})
        return
    _show_head(found)
    show_models([found])
    for line in failures(found):
        note(line)
    for model in found.models:
        _show_model(workspace, found, model, rows)
    _show_entries(entries)
    if owed:
        say("\nOwed now, as another run has noted:")
        _show_entries(owed)


def cancel(
    ctx: typer.Context,
    *,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, or its beginning.")],
) -> None:
    """Have a run end after the model it is at, wherever it goes on. What was sent by then stays."""
    workspace = Workspace.open(ctx.obj)
    found = workspace.store.run(run)
    if not workspace.store.cancel(found.id, "the command line"):
        raise ConfigError(f"run {found.id} has ended: {found.result or found.status}", hint=f"syncline show {run}")
    left = "ends after the model it is at" if found.status is RunStatus.RUNNING else "will not begin"
    say(f"Run {found.id} of {found.connection} {left}.")


def forget(
    ctx: typer.Context,
    *,
    connection: option.ConnectionName,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model to forget.")],
    yes: option.Yes = False,
) -> None:
    """Forget where a model stands. The next run reads all of it; rows at the destination stay."""
    workspace = Workspace.open(ctx.obj)
    known = workspace.store.heads(connection)
    if model not in known:
        hint = f"known are {', '.join(sorted(known))}" if known else "see the names: syncline runs"
        raise ConfigError(f"nothing is remembered of {connection}/{model}", hint=hint)
    option.confirm(f"Forget {connection}/{model}?", yes=yes)
    workspace.store.forget(connection, model)
    say(f"Forgot {connection}/{model}. The next run reads all of it.")


def _show_head(run: Run) -> None:
    say(f"Run {run.id} of {run.connection}")
    start = run.started_at or run.created_at
    ended = lasting(start, run.ended_at)
    say(f"{run.type}, {run.status}{f' ({run.result})' if run.result else ''}, {moment(start)}, {ended or 'not ended'}")


def _owed_since(workspace: Workspace, run: Run) -> list[Entry]:
    """What the models of a run owe now, but for what the run itself has noted: a reason stands with one run only."""
    models = {model.model for model in run.models}
    found = workspace.store.entries(run.connection)
    return [entry for entry in found if entry.model in models and entry.run != run.id]


def _show_entries(entries: list[Entry]) -> None:
    if entries:
        shown = [(one.model, one.kind, f"{one.count:,}", ", ".join(one.sample), one.reason) for one in entries]
        table(["model", "kind", "rows", "e.g.", "reason"], shown, right=["rows"])


def _show_model(workspace: Workspace, run: Run, model: ModelRun, rows: int) -> None:
    for file in model.files:
        say(f"{model.model}: published {located(workspace.storage.root, file)}")
    if not model.plan:
        return
    say(f"\n{model.model}: sent as {model.plan}")
    try:
        show_changes(_sent(workspace, run, model), rows)
    except DataError as error:
        note(f"  its rows are no longer kept: {error}")


def _sent(workspace: Workspace, run: Run, model: ModelRun) -> Any:
    from syncline.pipeline.record import sent  # noqa: PLC0415 - only where something was sent

    return sent(run, model, workspace.storage)


def _run_json(workspace: Workspace, run: Run, entries: list[Entry], rows: int) -> dict[str, Any]:
    sent = {}
    for model in run.models:
        try:
            sent[model.model] = changes_json(_sent(workspace, run, model), rows) if model.plan else []
        except DataError:
            sent[model.model] = []
    return {
        **run.as_json(),
        "changes": sent,
        "entries": [asdict(entry) for entry in entries],
        "advice": [*failures(run), *advice(run, workspace)],
    }
