"""What stands in `syncline.yaml`: settings for the whole workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from syncline.config import api, defaults, end, push, shape, web, webhook
from syncline.config.api import Api
from syncline.config.file import load
from syncline.config.key import Key, Keys, nodes, shapes, values
from syncline.config.mistakes import Mistakes
from syncline.config.name import name, named
from syncline.config.node import Node
from syncline.config.scope import chain
from syncline.config.setting import resolved
from syncline.config.web import Web
from syncline.connection import Intake
from syncline.pushed.model import PushModel
from syncline.webhook import Webhook

TENANT: Keys = {"defaults": defaults.KEY}


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for the whole workspace; empty texts: the default.

    Args:
        tenant: the company that everything belongs to.
        database: the URL of the store.
        storage: the folder for snapshots, plans and publications, as a path or a file:// URL.
        defaults: what models have that say nothing themselves, the tenant's over the workspace's.
        destinations: those that connections may name.
        allow_private_urls: files may be handed over from one's own network and this machine.
        largest_file: how many bytes a file that is handed over may have.
        push: the models that others push rows of.
        web: where pages and API are found, and who vouches for people.
        api: what may be named by what comes in by the API.
        webhooks: who is told what becomes of runs.
    """

    tenant: str = "default"
    database: str = ""
    storage: str = ""
    defaults: Node | None = None
    destinations: Mapping[str, Node] = field(default_factory=dict)
    allow_private_urls: bool = False
    largest_file: int = Intake().most_bytes
    push: Mapping[str, PushModel] = field(default_factory=dict)
    web: Web = field(default_factory=Web)
    api: Api = field(default_factory=Api)
    webhooks: tuple[Webhook, ...] = ()


def _tenants(node: Node) -> dict[str, Node]:
    """The defaults of each tenant."""
    mistakes = Mistakes()
    found: dict[str, Node] = {}
    for tenant, of in node.mapping().items():
        with mistakes.noted():
            named(of, tenant)
            said = nodes(replace(of, scope="tenant"), TENANT)
            if "defaults" in said:
                found[tenant] = defaults.KEY.read(said["defaults"])
    mistakes.tell()
    return found


def _destinations(node: Node) -> dict[str, Node]:
    """The destinations by name; they are made when a connection names them."""
    found, mistakes = {}, Mistakes()
    for called, at in node.mapping().items():
        with mistakes.noted():
            named(at, called)
            found[called] = replace(at, scope="destination")
            end.scope(found[called])
    mistakes.tell()
    return found


WORKSPACE: Keys = {
    "tenant": Key(name, shape.name("The company that everything here belongs to.", default="default")),
    "database": Key(resolved, shape.text("Where runs are remembered; left out: SQLite in .syncline.")),
    "storage": Key(resolved, shape.text("Where snapshots and files lie; left out: .syncline/storage.")),
    "allow_private_urls": Key(
        Node.flag, shape.flag("Files may be handed over from private and loopback addresses.", default=False)
    ),
    "largest_file": Key(Node.integer, shape.integer("How many bytes a file that is handed over may have.")),
    "defaults": defaults.KEY,
    "tenants": Key(
        _tenants, shape.named("What holds for a tenant, by name.", shape.mapping("A tenant.", shapes(TENANT)))
    ),
    "destinations": Key(
        _destinations, shape.named("Destinations that connections may name.", {"$ref": "#/$defs/destination"})
    ),
    "push": push.KEY,
    "web": web.KEY,
    "api": api.KEY,
    "webhooks": webhook.KEY,
}
SHAPE = shape.mapping("Settings of the whole workspace.", shapes(WORKSPACE))


def load_settings(path: Path) -> Settings:
    """The settings in `syncline.yaml`; a file in which everything is commented out has none.

    Raises:
        ConfigError: the file is wrong; says where.
    """
    root = load(path, path.name, "workspace")
    if root.is_empty:
        return Settings()
    read = values(nodes(root, WORKSPACE), WORKSPACE)
    tenant = read.pop("tenants", {}).get(read.get("tenant", "default"))
    return Settings(**read | {"defaults": chain(tenant, read.get("defaults"))})
