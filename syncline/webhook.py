"""Webhooks: what becomes of a run is told to other systems, signed (P6.14)."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from syncline.errors import ConfigError, TransientError
from syncline.run import Run, told
from syncline.secret import Secret
from syncline.source_file import shown

SIGNATURE = "Syncline-Signature"
SECONDS = 10.0
"""How long the other side may take."""
_GONE = 410


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that wants to be told.

    Args:
        url: where; a secret, for who knows it may be let in by it.
        secret: what the messages are signed with.
        connections, statuses: only runs of these, and only when they come to these; empty: all.
    """

    url: Secret
    secret: Secret
    connections: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from others, without the address."""
        return hashlib.sha256(self.url.reveal().encode()).hexdigest()[:16]

    def wants(self, run: Run) -> bool:
        """Whether this is to be told."""
        return (not self.connections or run.connection in self.connections) and (
            not self.statuses or run.status in self.statuses
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told to one webhook; `tries` is how often that was tried before."""

    id: str
    hook: str
    body: str
    created_at: datetime
    tries: int = 0


def message(id: str, run: Run, at: datetime) -> str:
    """What is told of a run that has come to its status: JSON, with the run as the API shows it."""
    notice = {"id": id, "event": f"run.{run.status}", "createdAt": told(at), "run": run.as_json()}
    return json.dumps(notice, ensure_ascii=False)


def signature(secret: Secret, at: int, body: bytes) -> str:
    """The signature of a message that is sent at this second.

    Who receives it makes the same of the time in `t=`, a dot and the body, compares, and refuses what is old.

    Example:
        >>> signature(Secret("s3same"), 1767225600, b"{}")[:32]
        't=1767225600,v1=468a544796524847'
    """
    digest = hmac.new(secret.reveal().encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def tell(hook: Webhook, notice: Notice, at: int, *, allows_private: bool) -> None:
    """Send a notice, signed as of this second.

    The host is looked up and checked first; the other side may lead nowhere else.

    Raises:
        TransientError: it was not taken; try again.
        ConfigError: the address may not be asked, or says that it is gone.
    """
    import httpx  # noqa: PLC0415 - only where something is told

    from syncline.download import looked_up  # noqa: PLC0415

    url, body = hook.url.reveal(), notice.body.encode(errors="replace")
    where, asked = shown(url), httpx.URL(url)
    port = asked.port or (443 if asked.scheme == "https" else 80)
    found = looked_up(asked.host, port, where, allows_private=allows_private)
    headers = {
        "Host": asked.netloc.decode(),
        "Content-Type": "application/json",
        "User-Agent": "Syncline",
        "Syncline-Delivery": notice.id,
        SIGNATURE: signature(hook.secret, at, body),
    }
    try:
        with (
            httpx.Client(timeout=SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST",
                asked.copy_with(host=found),
                content=body,
                headers=headers,
                extensions={"sni_hostname": asked.host},
            ) as answer,
        ):
            status = answer.status_code
    except httpx.HTTPError as error:
        raise TransientError(f"it cannot be told: {type(error).__name__}", where=where) from None
    if status == _GONE:
        raise ConfigError("it does not want to be told any more (410)", where=where)
    if not answer.is_success:
        raise TransientError(f"it answers {status}", where=where)


def is_address(url: str) -> bool:
    """Whether something can be told there.

    Example:
        >>> is_address("https://example.com/hook"), is_address("example.com")
        (True, False)
    """
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
