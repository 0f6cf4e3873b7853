"""init and check: a workspace is made, and looked over before anything runs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from syncline.cli import option
from syncline.cli.screen import note, plural, say, say_json, table
from syncline.connection import Connection, ModelSync
from syncline.connector import Connector
from syncline.errors import ConfigError, SynclineError
from syncline.publication.feed import feeds
from syncline.workspace import Workspace

Clashes: TypeAlias = Mapping[tuple[str, str], ConfigError]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(init)
    app.command()(check)


def init(folder: Annotated[Path, typer.Argument(help="Where; made if it is not there.")] = Path()) -> None:
    """Make a workspace with an example that works at once."""
    from syncline.cli.example import write_example  # noqa: PLC0415 - nobody else needs its texts
    from syncline.cli.schema import write_schemas  # noqa: PLC0415 - it looks at every connector

    for written in write_example(folder):
        say(f"wrote {written}")
    list(write_schemas(Workspace.open(folder)))
    at = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    say(f"\nIt works as it is. Next: {at}syncline check && syncline run")


@dataclass(frozen=True, slots=True)
class Finding:
    """What `check` found out about a model, or about what all models need."""

    connection: str
    model: str
    columns: int = 0
    key: tuple[str, ...] = ()
    table: str = ""
    problem: str = ""


def check(
    ctx: typer.Context,
    *,
    connection: option.MaybeConnection = None,
    model: option.MaybeModel = None,
    explained: Annotated[bool, typer.Option("--explain", help="Show where each setting comes from.")] = False,
    as_json: option.AsJson = False,
) -> None:
    """Look over settings, columns and keys.

    All problems are shown at once; nothing is changed.
    """
    workspace = Workspace.open(ctx.obj)
    if explained:
        from syncline.cli.explain import explain  # noqa: PLC0415 - nobody else needs it

        explain(workspace, connection, model, as_json=as_json)
        return
    notes: list[str] = []
    findings = list(_findings(workspace, connection, model, notes))
    problems = sum(1 for finding in findings if finding.problem)
    if as_json:
        say_json({"ok": not problems, "findings": [asdict(finding) for finding in findings], "notes": notes})
    elif not findings:
        say(f"No connections in {workspace.folder / 'connections'}. Make an example: syncline init FOLDER")
    else:
        _show(findings)
        if not problems:
            say(f"{plural(len(findings), 'model')} fine. Next: syncline run")
    for line in notes:
        note(line)
    if problems:
        note(f"{plural(problems, 'problem')} found.")
        raise typer.Exit(2)


def _show(findings: list[Finding]) -> None:
    rows = [
        (one.connection, one.model, str(one.columns or ""), ", ".join(one.key), one.table, one.problem or "ok")
        for one in findings
    ]
    table(["connection", "model", "columns", "key", "to", "result"], rows, right=["columns"])


def _findings(workspace: Workspace, name: str | None, model: str | None, notes: list[str]) -> Iterator[Finding]:
    if name is not None and name not in {*workspace.connections, *workspace.errors}:
        workspace.connection(name)  # a name that is not there is told as such
    for connection in workspace.connections.values():
        if name in (None, connection.name):
            yield from _connection_findings(connection, workspace.clashes, model)
            yield from _place_findings(workspace, connection, model, notes)
    for file, error in workspace.errors.items():
        if name in (None, file):
            yield from (Finding(file, "", problem=str(one)) for one in error.each)
    if problem := _problem(lambda: workspace.store.runs(limit=1)):
        yield Finding("", "", problem=f"the store: {problem}")


def _connection_findings(connection: Connection, clashes: Clashes, only: str | None) -> Iterator[Finding]:
    ends: list[tuple[str, Connector | None]] = [
        ("source", connection.source),
        ("destination", connection.destination),
    ]
    broken = {}
    for side, end in ends:
        problem = _problem(end.check) if end is not None else ""
        if problem:
            broken[side] = problem
            yield Finding(connection.name, "", problem=f"{side}: {problem}")
    for model in connection.models if only is None else [connection[only]]:
        clash = clashes.get((connection.name, model.name))
        known = [str(clash)] if clash else []
        if not broken:
            yield _model_finding(connection, model, known)
        elif known:
            yield Finding(connection.name, model.name, problem=known[0])


def _place_findings(
    workspace: Workspace, connection: Connection, only: str | None, notes: list[str]
) -> Iterator[Finding]:
    """What is wrong with the places that files are published to; what people should know of them goes to `notes`."""
    for sync in connection.models if only is None else [connection[only]]:
        elsewhere = [made for made in sync.publish if made.to is not None]
        for feed in feeds(elsewhere, workspace.storage, workspace.settings.tenant, connection.name, sync.name):
            try:
                notes += [line for line in feed.place.check() if line not in notes]
            except SynclineError as error:
                error.where = error.where or sync.where
                yield Finding(connection.name, sync.name, problem=str(error))


def _model_finding(connection: Connection, sync: ModelSync, known: list[str]) -> Finding:
    """What is wrong with one model, in one finding; `known` is what is found without looking at its columns."""
    try:
        model = sync.model(connection.source)
        made = sync.transform.made(model)
        columns, key = len(made.schema), made.key
        problems = connection.destination.problems(made, sync.target) if connection.destination else []
    except SynclineError as error:
        error.where = error.where or sync.where
        return Finding(connection.name, sync.name, problem="; ".join([*known, str(error)]))
    to = sync.target.table if connection.destination else "files only"
    return Finding(connection.name, sync.name, columns, key, to, "; ".join([*known, *problems]))


def _problem(attempt: Any) -> str:
    try:
        attempt()
    except SynclineError as error:
        return str(error)
    return ""
