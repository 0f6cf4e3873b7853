"""Where a published file goes, what it must pass, how long its versions are kept, and who may fetch it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, shapes, values, within
from syncline.config.node import Node
from syncline.config.setting import duration, resolved
from syncline.connection import Connection
from syncline.errors import ConfigError
from syncline.publication import KEPT, Access, Address, Checks, Publication
from syncline.secret import Secret

_EMPTY = ("refuse", "allow")
_SCHEME = "://"


def _plain(node: Node) -> str:
    text = resolved(node)
    return text.reveal() if isinstance(text, Secret) else text


def _url(node: Node) -> str:
    text = _plain(node)
    if _SCHEME in text and not (Address(text).is_bucket and Address(text).bucket):
        node.wrong("files can be published to a folder or to s3://bucket/prefix")
    return text


def _share(node: Node) -> float:
    share = node.number()
    return share if 0 <= share <= 1 else node.unfit("a share from 0 to 1, or from 0% to 100%")


_WHERE = shape.outside(shape.text("A folder, or s3://bucket/prefix; {connection} and {model} may stand in it."))
ADDRESS: Keys = {
    "url": Key(_url, _WHERE),
    "key": Key(_plain, shape.outside(shape.text("Who we are there; left out: AWS_ACCESS_KEY_ID."))),
    "secret": Key(lambda node: Secret(_plain(node)), shape.outside(shape.text("The secret that goes with it."))),
    "endpoint": Key(_plain, shape.outside(shape.text("The address of the server, if it is not Amazon's."))),
    "region": Key(_plain, shape.outside(shape.text("The region of the bucket."))),
    "redirect": Key(Node.flag, shape.flag("Who downloads a file is sent on to the bucket.", default=False)),
}
CHECKS: Keys = {
    "empty": Key(
        lambda node: node.choice(_EMPTY), shape.word("A file without rows is published too.", _EMPTY, default="refuse")
    ),
    "shrink": Key(_share, shape.share("How many of the rows of latest may be missing.")),
}


def _address(node: Node) -> Address:
    if not node.is_mapping:
        return Address(_url(node))
    found = nodes(node, ADDRESS)
    if "url" not in found:
        node.wrong("`url` is missing in `to`", "e.g. `to: {url: s3://bucket/prefix}`")
    made = Address(**values(found, ADDRESS))
    if made.redirect and not made.is_bucket:
        found["redirect"].wrong("nobody can be sent on to a folder", "leave `redirect` out; it is for buckets")
    return made


def _checks(node: Node) -> Checks:
    read: dict[str, Any] = values(nodes(node, CHECKS), CHECKS)
    return Checks(may_be_empty=read.get("empty") == "allow", shrink=read.get("shrink"))


def _keep(node: Node) -> int | timedelta:
    if not node.text().strip().isdecimal():
        return duration(node)
    kept = node.integer()
    return kept or node.unfit("1 or more, or a length of time such as 30d")


_KEPT = {"description": "How many versions are kept, or for how long: 30, 90d.", "type": ["integer", "string"]}
KEYS: Keys = {
    "to": Key(_address, {"anyOf": [_WHERE, shape.mapping("Where it goes.", shapes(ADDRESS), ["url"])]}),
    "checks": within(_checks, "What a version must pass before latest shows it.", CHECKS),
    "keep": Key(_keep, {**_KEPT, "pattern": "^[0-9]{1,6} ?[smhd]?$", "minimum": 1, "default": KEPT}),
    "access": Key(
        lambda node: Access(node.choice(Access)),
        shape.word("Who may download it: anybody, who has a key, or a signed link too.", Access, default=Access.KEY),
    ),
    "delta": Key(Node.flag, shape.flag("Each version comes with a file of what has changed.", default=False)),
}


def anchored(publication: Publication, folder: Path) -> Publication:
    """The publication with a path that starts at `folder`."""
    to = publication.to
    if to is None or to.is_bucket:
        return publication
    return replace(publication, to=replace(to, url=str(folder / to.url)))


def rivals(connections: Iterable[Connection]) -> dict[tuple[str, str], ConfigError]:
    """The models that would publish over each other's files, by connection and name."""
    found: dict[tuple[str, str], ConfigError] = {}
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for connection in connections:
        for model in connection.models:
            mine = connection.name, model.name
            for made in model.publish:
                if made.to is None:
                    continue
                address = made.to.of({"connection": connection.name, "model": model.name}).within(made.name)
                other = first.setdefault((address.url.rstrip("/"), made.suffix), mine)
                if other != mine:
                    message = f"model {model.name}: {address.url} is also where {'/'.join(other)} is published"
                    hint = "e.g. `to: …/{connection}/{model}`"
                    found[mine] = ConfigError(message, where=model.where, hint=hint)
    return found
