"""files: the versions of what is published, going back to one of them, and what has changed since."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from syncline.cli import option
from syncline.cli.report import DONE, exit_code, show_published, show_runs, worst
from syncline.cli.screen import moment, note, number, say, say_error, say_json, table
from syncline.connection import Connection, ModelSync
from syncline.errors import ConfigError, SynclineError
from syncline.publication import Access
from syncline.publication.feed import Changes, Feed, feeds
from syncline.workspace import Workspace

files = typer.Typer(help="Published files: their versions, and which of them latest shows.", no_args_is_help=True)

Version = Annotated[str, typer.Argument(metavar="VERSION", help="As `syncline files list` names it.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model it is made from.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    files.command("list")(list_files)
    files.command()(publish)
    files.command()(rollback)
    files.command()(delta)
    files.command()(link)
    app.add_typer(files, name="files", rich_help_panel=None)


@dataclass(frozen=True, slots=True)
class Listed:
    """A version, as it is shown."""

    connection: str
    model: str
    file: str
    version: str
    published: datetime
    rows: int | None
    size: int
    latest: bool
    address: str


def list_files(
    ctx: typer.Context,
    *,
    connection: option.MaybeConnection = None,
    model: option.Models = None,
    limit: Annotated[int, typer.Option(min=1, help="How many versions of each file at most.")] = 10,
    as_json: option.AsJson = False,
) -> None:
    """List published files and their versions, newest first."""
    workspace = Workspace.open(ctx.obj)
    found: list[Listed] = []
    codes = [DONE]
    for one in [workspace.connection(connection)] if connection else workspace.connections.values():
        for sync in one.models if not model else [one[name] for name in model]:
            for feed in _feeds(workspace, one, sync):
                try:
                    found += _versions(one.name, sync.name, feed, limit)
                except SynclineError as error:  # the others do not wait for this place
                    say_error(error)
                    codes.append(error.exit_code)
    if as_json:
        say_json([asdict(one) for one in found])
    elif found:
        table(
            ["connection", "model", "file", "version", "published", "rows", "bytes", "latest"],
            map(_line, found),
            right=["rows", "bytes"],
        )
    elif codes == [DONE]:
        say("Nothing is published yet. Say `publish: {format: csv}` in a model, then: syncline run")
    raise typer.Exit(worst(codes))


def publish(
    ctx: typer.Context,
    *,
    connection: option.ConnectionName,
    model: option.Models = None,
    force: Annotated[bool, typer.Option("--force", help="Publish even what does not pass its checks.")] = False,
    as_json: option.AsJson = False,
) -> None:
    """Publish what was synced and is not published yet. Nothing is read from the source."""
    from syncline.pipeline.republish import republish  # noqa: PLC0415 - the engine is half of a start

    workspace = Workspace.open(ctx.obj)
    found, request = workspace.connection(connection), option.request(model, full=False, since=None)
    done = republish(found, request, workspace.store, workspace.storage, force=force)
    if as_json:
        say_json([done.as_json()])
    else:
        show_runs([done], workspace)
        show_published(workspace, [done])
    raise typer.Exit(exit_code(done))


def rollback(ctx: typer.Context, *, connection: option.ConnectionName, model: Model, version: Version) -> None:
    """Have latest show an older version, until something newer is published."""
    from syncline.pipeline.release import roll_back  # noqa: PLC0415 - the engine is half of a start
    from syncline.pipeline.work import home  # noqa: PLC0415

    workspace = Workspace.open(ctx.obj)
    found = workspace.connection(connection)
    every = list(_feeds(workspace, found, found[model]))
    if not every:
        raise ConfigError(f"{connection}/{model} is not published", hint="say `publish: {format: csv}` in it")
    for feed, now in roll_back(every, version, workspace.storage, home(workspace.settings.tenant, connection, model)):
        say(f"{feed.place.address(feed.link)} shows {version} again, as version {now}")


def delta(
    ctx: typer.Context,
    *,
    connection: option.ConnectionName,
    model: Model,
    since: Annotated[str, typer.Option("--since", metavar="VERSION", help="What one has already.")],
    until: Annotated[str, typer.Option("--until", metavar="VERSION", help="Else the latest.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write; else stdout.")] = None,
) -> None:
    """Write the rows that differ between two versions: inserted, updated and deleted ones."""
    workspace = Workspace.open(ctx.obj)
    found = workspace.connection(connection)
    feed = next((one for one in _feeds(workspace, found, found[model]) if one.publication.delta), None)
    if feed is None:
        hint = "versions are kept comparable from the run after `publish: {…, delta: true}`"
        raise ConfigError(f"{connection}/{model} has no publication with `delta: true`", hint=hint)
    before, after = _plan(feed, since), _plan(feed, until or feed.latest())
    with ExitStack() as stack:
        changed = _changes(workspace, connection, model, stack)(before, after)
        if changed is None:
            raise ConfigError(f"{since} cannot be compared any more", hint="`keep:` says how long that is possible")
        file = stack.enter_context(output.open("wb")) if output else sys.stdout.buffer
        feed.write_delta(changed, file)
        file.flush()


def link(
    ctx: typer.Context,
    *,
    connection: option.ConnectionName,
    model: Model,
    version: Annotated[str, typer.Option("--version", metavar="VERSION", help="Else the latest, always.")] = "",
    file: Annotated[str, typer.Option("--file", metavar="FILE", help="As `files list` names it; else all.")] = "",
    expires: Annotated[int, typer.Option("--expires", metavar="DAYS", min=1, max=366, help="For how many days.")] = 7,
    as_json: option.AsJson = False,
) -> None:
    """Print where files can be downloaded; with `access: signed`, by whoever has the link, until it expires."""
    from syncline.web import link as web  # noqa: PLC0415 - most commands sign nothing

    workspace = Workspace.open(ctx.obj)
    found = workspace.connection(connection)
    chosen = [feed for feed in _feeds(workspace, found, found[model]) if file in {"", feed.name}]
    if not chosen:
        raise ConfigError(f"{connection}/{model} publishes no {file or 'file'}", hint="syncline files list")
    made = [web.link(workspace, found, feed, version, timedelta(days=expires)) for feed in chosen]
    root = workspace.settings.web.address
    if as_json:
        say_json([{**asdict(one), "url": root + one.path} for one in made])
        return
    for one in made:
        say(root + one.path)
        note(_WHO[one.access].format(until=moment(one.expires_at)))
    if not root:
        note("These begin where the service is found; say so in syncline.yaml: web: {address: https://…}")


_WHO = {
    Access.PUBLIC: "Anybody may download it.",
    Access.KEY: "Who downloads it needs an API key, or is logged in. For links say `access: signed`.",
    Access.SIGNED: "Whoever has this link may download it until {until}.",
}


def _feeds(workspace: Workspace, connection: Connection, sync: ModelSync) -> Iterator[Feed]:
    return feeds(sync.publish, workspace.storage, workspace.settings.tenant, connection.name, sync.name)


def _changes(workspace: Workspace, connection: str, model: str, stack: ExitStack) -> Changes:
    from syncline.pipeline.release import changes  # noqa: PLC0415 - the engine is half of a start
    from syncline.pipeline.work import home  # noqa: PLC0415

    return changes(workspace.storage, home(workspace.settings.tenant, connection, model), stack)


def _plan(feed: Feed, version: str) -> str:
    found = feed.find(version)
    if found is None:
        known = ", ".join(feed.versions()) or "none"
        raise ConfigError(f"there is no version `{version}` of {feed.model}", hint=f"known are {known}")
    return found.about.get("plan", "")


def _versions(connection: str, model: str, feed: Feed, limit: int) -> Iterator[Listed]:
    latest = feed.latest()
    for version in reversed(feed.versions()[-limit:]):
        found = feed.find(version)
        if found is not None:
            rows = int(found.about["rows"]) if "rows" in found.about else None
            address = feed.place.address(found.name)
            shown = version == latest
            yield Listed(connection, model, feed.name, version, found.at, rows, found.size, shown, address)


def _line(one: Listed) -> list[Any]:
    figures = ["" if one.rows is None else number(one.rows), number(one.size)]
    return [
        one.connection,
        one.model,
        one.file,
        one.version,
        moment(one.published),
        *figures,
        "*" if one.latest else "",
    ]
