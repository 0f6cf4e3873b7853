"""Where published files are fetched, and the signature that lets in for a while who has no key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from syncline.connection import Connection, Download
from syncline.errors import ConfigError, TransientError
from syncline.publication import Access, located
from syncline.publication.feed import Feed, feeds
from syncline.workspace import Workspace

LATEST = "latest."
_EXPIRES = re.compile(r"[0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file is fetched, from the root of the site; `expires_at` only where it is signed."""

    path: str
    access: Access
    expires_at: datetime | None = None


def path(tenant: str, connection: str, model: str, way: str) -> str:
    """The constant address of a file.

    Example:
        >>> path("shop", "example", "BOOKS", "prices/latest.csv")
        '/files/shop/example/BOOKS/prices/latest.csv'
    """
    return "/".join(["/files", *(quote(part, safe="") for part in (tenant, connection, model)), quote(way)])


def way(feed: Feed, name: str = "") -> str:
    """The end of the address of a file of a publication, by its name in its place; without one, of its latest."""
    own = feed.publication.name
    return f"{own}/{name or feed.link}" if own else name or feed.link


def is_open(connection: Connection, way: str) -> bool:
    """Whether the connection lets people download what lies at this end of an address (P1.20)."""
    shows_latest = way.rpartition("/")[2].startswith(LATEST)
    return (Download.LATEST if shows_latest else Download.FILE) in connection.downloads


def link(workspace: Workspace, connection: Connection, feed: Feed, version: str, time: timedelta) -> Link:
    """Where a version is fetched, or without one the latest; signed for this time if it is for who has a link.

    Raises:
        ConfigError: it cannot be downloaded, or is not there.
    """
    end = way(feed, feed.file(version) if version else "")
    if not is_open(connection, end):
        wanted = Download.FILE if version else Download.LATEST
        hint = f"say `features: [incremental, full, {wanted}]` in it"
        raise ConfigError(f"files of {connection.name} cannot be downloaded", where=connection.where, hint=hint)
    if version and feed.find(version) is None:
        raise ConfigError(f"there is no version `{version}` of {feed.name}", hint="syncline files list")
    whole, access = path(workspace.settings.tenant, connection.name, feed.model, end), feed.publication.access
    if access is not Access.SIGNED:
        return Link(whole, access)
    until = datetime.now(UTC).replace(microsecond=0) + time
    return Link(signed(workspace.seal, whole, until), access, until)


def published(workspace: Workspace, connection: Connection, model: str, file: str) -> str:
    """Where a file that a run has made is fetched (P1.18), by where the run says it lies; empty: nowhere, or gone."""
    lies, tenant = located(workspace.storage.root, file), workspace.settings.tenant
    publish = [made for sync in connection.models if sync.name == model for made in sync.publish]
    for feed in feeds(publish, workspace.storage, tenant, connection.name, model):
        name = f"versions/{lies.rpartition('/')[2]}"
        if feed.place.address(name) == lies and is_open(connection, end := way(feed, name)):
            return path(tenant, connection.name, model, end) if _is_kept(feed, name) else ""
    return ""


def _is_kept(feed: Feed, name: str) -> bool:
    """Whether a file is there, as far as one can see: a place that does not answer now holds up no page."""
    try:
        return feed.place.find(name) is not None
    except TransientError:
        return True


def signed(seal: bytes, path: str, until: datetime) -> str:
    """The address with a signature that lets in whoever has it, until then."""
    expires = str(int(until.timestamp()))
    return f"{path}?{urlencode({'expires': expires, 'signature': _signature(seal, path, expires)})}"


def is_signed(seal: bytes, path: str, expires: str, signature: str, now: datetime) -> bool:
    """Whether we signed this address, and its time is not over."""
    wanted = _signature(seal, path, expires).encode()
    is_ours = hmac.compare_digest(wanted, signature.encode(errors="replace"))
    return is_ours and bool(_EXPIRES.fullmatch(expires)) and now.timestamp() < int(expires)


def _signature(seal: bytes, path: str, expires: str) -> str:
    text = json.dumps(["file", path, expires])
    return base64.urlsafe_b64encode(hmac.digest(seal, text.encode(), hashlib.sha256)).decode().rstrip("=")
