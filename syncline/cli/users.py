"""users: who may log in."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from syncline.cli import option
from syncline.cli.screen import moment, note, say, say_json, table
from syncline.people import Role, User
from syncline.workspace import Workspace

Tenant = Annotated[str | None, typer.Option("--tenant", metavar="NAME", help="Of this company; else the workspace's.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Who.")]
users = typer.Typer(help="Who may log in.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(users, name="users")


@users.command()
def add(
    ctx: typer.Context,
    *,
    email: Email,
    role: Annotated[
        Role | None, typer.Option(help=f"What they may do; else {Role.VIEWER}, and {Role.SYSTEM_ADMIN} for the first.")
    ] = None,
    tenant: Tenant = None,
    password_from_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin; else a link to choose one is made.")
    ] = False,
    as_json: option.AsJson = False,
) -> None:
    """Add a user, or make a new link for one who has lost their password.

    The link works once, for a day.
    """
    from syncline.store.people_secret import normal  # noqa: PLC0415 - with the store

    people = Workspace.open(ctx.obj).people(tenant, actor="command line")
    known = next((user for user in people.users() if user.email == normal(email)), None)
    password = sys.stdin.readline().rstrip("\n") if password_from_stdin else None
    given = role or (Role.VIEWER if tenant or people.has_users() else Role.SYSTEM_ADMIN)
    user = people.add_user(email, given, password=password) if known is None or password_from_stdin else known
    path = None if password_from_stdin else f"/welcome/{people.invite(user.email)}"
    if as_json:
        say_json(asdict(user) | {"link": path})
        return
    say(f"{'Added' if known is None else 'Known'}: {user.email}, {user.role} of {user.tenant}")
    if path:
        address = Workspace.open(ctx.obj).settings.web.address or "http://127.0.0.1:4200"
        note("Give them this link; it works once, for a day:")
        say(f"{address}{path}")


@users.command(name="list")
def list_users(ctx: typer.Context, *, tenant: Tenant = None, as_json: option.AsJson = False) -> None:
    """List the users."""
    found = Workspace.open(ctx.obj).people(tenant).users()
    if as_json:
        say_json([asdict(user) for user in found])
    elif found:
        table(["email", "role", "company", "since", "status"], [_line(user) for user in found])
    else:
        say("No users yet. Add one: syncline users add EMAIL --role SystemAdmin")


@users.command()
def disable(ctx: typer.Context, *, email: Email, tenant: Tenant = None, yes: option.Yes = False) -> None:
    """Log a user out and let them in no more."""
    people = Workspace.open(ctx.obj).people(tenant, actor="command line")
    option.confirm(f"Let {email} in no more?", yes=yes)
    say(f"Disabled: {people.disable(email).email}")


def _line(user: User) -> list[str]:
    status = "disabled" if user.disabled_at else "has a password" if user.has_password else "no password yet"
    return [user.email, user.role, user.tenant, moment(user.created_at)[:-3], status]
