"""Arguments and options that several commands have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from syncline.cli.screen import note
from syncline.errors import ConfigError
from syncline.request import Request

Connections = Annotated[list[str] | None, typer.Argument(metavar="CONNECTION", help="Which; none: all.")]
ConnectionName = Annotated[str, typer.Argument(metavar="CONNECTION", help="The name of a connection.")]
MaybeConnection = Annotated[str | None, typer.Argument(metavar="CONNECTION", help="This one only.")]
MaybeModel = Annotated[str | None, typer.Argument(metavar="MODEL", help="This model of it only.")]
Models = Annotated[
    list[str] | None, typer.Option("--model", "-m", metavar="MODEL", help="This model only; may be repeated.")
]
Full = Annotated[bool, typer.Option("--full", help="Read everything, and remove what is gone at the source.")]
From = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="Only what changed since; needs --model. Removes nothing.")
]
Files = Annotated[
    list[str] | None,
    typer.Option("--file", metavar="PATH_OR_URL", help="Read this file, in place of what is there; may be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


_PART = re.compile(r"(\w[\w.-]*)=")


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if somebody agrees, or did so beforehand with --yes."""
    try:
        if yes or typer.confirm(question, err=True):
            return
    except typer.Abort:
        note("\nNobody has agreed, so nothing was done. Where nobody can be asked, agree beforehand: --yes")
    raise typer.Exit(1)


def request(
    models: Sequence[str] | None,
    *,
    full: bool,
    since: str | None,
    resend: bool = False,
    files: Sequence[str] | None = None,
) -> Request:
    """What a run is asked to do, as the options say it (R28).

    Raises:
        ConfigError: the options exclude each other, or a date is none.
    """
    if since and not models:
        raise ConfigError("--from needs a model", hint="add --model NAME")
    items: list[Any] = [{"data_model": model} | ({"sync_from": since} if since else {}) for model in models or ()]
    asked: dict[str, Any] = {"full_sync": full, "data_models_to_sync": items, "resend": resend}
    return Request.parse(asked | {"source_files": [_file(file) for file in files or ()]})


def _file(text: str) -> dict[str, str]:
    """A path or an address; before it, where one likes, the part of the model: `north=north.csv`."""
    named = _PART.match(text)
    place = text[named.end() :] if named else text
    return {"url" if "://" in place else "path": place} | ({"part": named[1]} if named else {})
