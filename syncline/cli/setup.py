"""init and check: a workspace is made, and looked over before anything runs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from syncline.cli import option
from syncline.cli.screen import note, plural, say, say_json, table
from syncline.insight.finding import Finding, findings_of, place_findings, problem_of
from syncline.workspace import Workspace


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
            yield from findings_of(connection, workspace.clashes, model)
            yield from place_findings(connection, workspace.storage, workspace.settings.tenant, model, notes)
    for file, error in workspace.errors.items():
        if name in (None, file):
            yield from (Finding(file, "", problem=str(one)) for one in error.each)
    if problem := problem_of(lambda: workspace.store.runs(limit=1)):
        yield Finding("", "", problem=f"the store: {problem}")
