"""What stands in `syncline.yaml`: settings for the whole workspace."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from syncline.config.node import Node, load
from syncline.config.setting import resolved
from syncline.connection import Limits

_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for the whole workspace; empty texts: the default.

    Args:
        tenant: the company that everything belongs to.
        database: the URL of the store.
        storage: the folder for snapshots, plans and publications, as a path or a file:// URL.
        limits: the limits of every model that does not have its own.
    """

    tenant: str = "default"
    database: str = ""
    storage: str = ""
    limits: Limits = field(default_factory=Limits)


def load_settings(path: Path) -> Settings:
    """The settings in `syncline.yaml`; a file in which everything is commented out has none.

    Raises:
        ConfigError: the file is wrong; says where.
    """
    root = load(path, path.name)
    if root.is_empty:
        return Settings()
    found = root.mapping(["tenant", "database", "storage", "limits"])
    values = {key: resolved(found[key]) for key in ("database", "storage") if key in found}
    tenant = named(found["tenant"], found["tenant"].text()) if "tenant" in found else "default"
    return Settings(tenant, **values, limits=limits(found.get("limits"), Limits()))


def named(node: Node, text: str) -> str:
    """`text`, if it is a name that can stand in a path and on a command line."""
    if not _NAME.fullmatch(text):
        node.wrong(f"`{text}` cannot be a name", "use letters, digits, `_`, `-` and `.`")
    return text


def limits(node: Node | None, default: Limits) -> Limits:
    """The limits in a `limits:` mapping; what it leaves out is as in `default`."""
    if node is None:
        return default
    found = node.mapping(["deleted", "at_least", "rejected"])
    at_least = found["at_least"].integer() if "at_least" in found else default.at_least
    if at_least < 0:
        found["at_least"].unfit("0 or more")
    return Limits(
        _share(found.get("deleted"), default.deleted), at_least, _share(found.get("rejected"), default.rejected)
    )


def _share(node: Node | None, default: float) -> float:
    if node is None:
        return default
    share = node.number()
    if not 0 <= share <= 1:
        node.unfit("a share from 0 to 1, or from 0% to 100%")
    return share
