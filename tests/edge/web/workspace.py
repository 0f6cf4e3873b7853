"""A workspace with one connection, and keys for programs."""

from pathlib import Path

from syncline.cli.example import write_example
from syncline.people import Role, Scope
from syncline.workspace import Workspace

ALL = tuple(Scope)


def workspace_in(folder: Path, settings: str = "") -> Workspace:
    write_example(folder)
    (folder / "syncline.yaml").write_text(f"tenant: shop\n{settings}")
    return Workspace.open(folder)


def key(
    workspace: Workspace, *scopes: Scope, tenant: str | None = None, role: Role = Role.INTEGRATION
) -> dict[str, str]:
    """What a program sends along that has a new key."""
    _, text = workspace.people(tenant).create_key("etl", scopes or ALL, role=role)
    return {"Authorization": f"Bearer {text}"}
