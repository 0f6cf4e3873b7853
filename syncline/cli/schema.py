"""schema: what editors complete and check YAML by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from syncline.cli.screen import say, say_json
from syncline.config.schema import FILES, File, schema
from syncline.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("schema")(show)


def show(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="[connection|workspace]", help="Of which files.")] = "connection",
    *,
    write: Annotated[bool, typer.Option("--write", help="Write both to .syncline/schema, for editors.")] = False,
) -> None:
    """Show the JSON Schema of connections/*.yaml or of syncline.yaml.

    It knows the settings of the connectors that are installed.
    """
    if write:
        for path in write_schemas(Workspace.open(ctx.obj)):
            say(f"wrote {path}")
        return
    known: dict[str, File] = {name: name for name in FILES}
    if file not in known:
        raise typer.BadParameter(f"one of {', '.join(FILES)}")
    say_json(schema(known[file]))


def write_schemas(workspace: Workspace) -> Iterator[Path]:
    """Write the schema of each kind of file to where its first line may name it."""
    folder = workspace.own / "schema"
    folder.mkdir(exist_ok=True)
    for name in FILES:
        path = folder / f"{name}.json"
        path.write_text(json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        yield path
