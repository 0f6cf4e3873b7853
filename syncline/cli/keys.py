"""keys: what programs show to be let in."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from syncline.cli import option
from syncline.cli.screen import moment, note, say, say_json, table
from syncline.cli.users import Tenant
from syncline.errors import ConfigError
from syncline.people import Key, Role, Scope
from syncline.workspace import Workspace

_DAYS = re.compile(r"(\d{1,5})d")
keys = typer.Typer(help="What programs show to be let in.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(keys, name="keys")


@keys.command()
def create(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    scope: Annotated[list[Scope], typer.Option("--scope", "-s", help="What it may do; may be repeated.")],
    role: Annotated[Role, typer.Option(help="What its owner is to the company.")] = Role.INTEGRATION,
    expires: Annotated[str | None, typer.Option(metavar="WHEN", help="90d, or a date; left out: never.")] = None,
    tenant: Tenant = None,
    as_json: option.AsJson = False,
) -> None:
    """Make a key. It is shown this once, and stored nowhere."""
    people = Workspace.open(ctx.obj).people(tenant, actor="command line")
    key, text = people.create_key(name, scope, role=role, expires_at=_expiry(expires))
    if as_json:
        say_json(_shown(key) | {"key": text})
        return
    note(f"{key.name}: {', '.join(sorted(key.scopes))}; for {key.tenant}. It is shown this once:")
    say(text)


@keys.command(name="list")
def list_keys(ctx: typer.Context, *, tenant: Tenant = None, as_json: option.AsJson = False) -> None:
    """List the keys, newest first."""
    found = Workspace.open(ctx.obj).people(tenant).keys()
    if as_json:
        say_json([_shown(key) for key in found])
    elif found:
        table(["key", "name", "scopes", "role", "expires", "last used", "status"], [_line(key) for key in found])
    else:
        say("No keys yet. Make one: syncline keys create NAME --scope runs:write")


@keys.command()
def revoke(
    ctx: typer.Context,
    *,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its beginning, its name or its id.")],
    tenant: Tenant = None,
    yes: option.Yes = False,
) -> None:
    """Let a key in no more."""
    people = Workspace.open(ctx.obj).people(tenant, actor="command line")
    option.confirm(f"Let the key {key} in no more?", yes=yes)
    revoked = people.revoke(key)
    say(f"Revoked: {revoked.prefix}… ({revoked.name})")


def _expiry(text: str | None) -> datetime | None:
    """When a key ends.

    Raises:
        ConfigError: the text is neither days nor a date to come.
    """
    if text is None:
        return None
    if found := _DAYS.fullmatch(text.strip()):
        return datetime.now(UTC) + timedelta(days=int(found[1]))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"`{text}` is neither days nor a date", hint="e.g. --expires 90d") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= datetime.now(UTC):
        raise ConfigError(f"{text} is past", hint="e.g. --expires 90d")
    return moment


def _shown(key: Key) -> dict[str, Any]:
    return asdict(key) | {"scopes": sorted(key.scopes)}


def _line(key: Key) -> list[str]:
    over = "revoked" if key.revoked_at else "expired" if key.is_over(datetime.now(UTC)) else "works"
    ends = moment(key.expires_at)[:10] or "never"
    scopes = ", ".join(sorted(key.scopes))
    return [f"{key.prefix}…", key.name, scopes, key.role, ends, moment(key.last_used_at)[:-3] or "never", over]
