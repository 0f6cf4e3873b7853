"""Fetching a file from a pre-authenticated address; the address is a secret and is told nowhere whole."""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from syncline.errors import ConfigError, DataError, Missing, SynclineError, TransientError
from syncline.source_file import shown

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 5
MOST_SECONDS = 3600.0
_SLOW, _BUSY, _SERVER = 408, 429, 500
_NOT_THERE = (404, 410)
_REFUSED = (401, 403)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that may be public; other forms of addresses of IPv4 lie outside."""


def download(url: str, path: Path, *, allows_private: bool, most_bytes: int) -> None:
    """Write what lies at an address to a file.

    Wherever it leads, each host is looked up and checked before it is asked: private and loopback addresses are
    refused, unless the workspace allows them.

    Raises:
        TransientError: the server does not answer, breaks off or is busy.
        Missing: there is no such file.
        ConfigError: the address is none, has run out, or leads where it may not.
        DataError: the file is larger than `most_bytes`.
    """
    import httpx  # noqa: PLC0415 - only where something is downloaded

    _be_discreet(httpx)
    timeout = httpx.Timeout(60.0, connect=15.0)
    with httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False) as client:
        for _ in range(MOST_REDIRECTS):
            with _asked(client, url, allows_private=allows_private) as response:
                if not response.has_redirect_location:
                    _write(response, path, most_bytes, shown(url))
                    return
                url = urljoin(url, response.headers["location"])
    raise ConfigError("it leads on and on", where=shown(url))


@contextmanager
def _asked(client: httpx.Client, url: str, *, allows_private: bool) -> Iterator[httpx.Response]:
    import httpx  # noqa: PLC0415

    where = shown(url)
    try:
        asked = httpx.URL(url)
    except httpx.InvalidURL:
        raise ConfigError("this is no address", where=where) from None
    if asked.scheme not in ("http", "https") or not asked.host:
        raise ConfigError("this is no address of a file", where=where, hint="it begins with https://")
    port = asked.port or (443 if asked.scheme == "https" else 80)
    found = looked_up(asked.host, port, where, allows_private=allows_private)
    headers = {"Host": asked.netloc.decode(), "Accept-Encoding": "identity"}
    try:
        with client.stream(
            "GET", asked.copy_with(host=found), headers=headers, extensions={"sni_hostname": asked.host}
        ) as response:
            yield response
    except httpx.TimeoutException:
        raise TransientError("the server does not answer in time", where=where) from None
    except httpx.TransportError as error:
        raise TransientError(f"the file cannot be fetched: {type(error).__name__}", where=where) from None


def looked_up(host: str, port: int, where: str, *, allows_private: bool) -> str:
    """The address of a host, if it may be asked; asked by this very address, it cannot become another one.

    Raises:
        TransientError: nobody knows the host.
        ConfigError: it is not public, and may not be asked.
    """
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise TransientError(f"the host {host} cannot be found", where=where) from None
    if not allows_private and not all(map(_is_public, found)):
        hint = "`allow_private_urls: true` in syncline.yaml allows it"
        raise ConfigError(f"{host} is not a public address", where=where, hint=hint)
    return found[0]


def _is_public(address: str) -> bool:
    """Nothing of one's own network, in whatever form it is written."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found in _NAT64:
            return _is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if (inner := found.ipv4_mapped or found.sixtofour) is not None:
            return _is_public(str(inner))
        return found.is_global and found in _UNICAST
    return found.is_global and not found.is_multicast


def _write(response: httpx.Response, path: Path, most_bytes: int, where: str) -> None:
    if not response.is_success:
        raise _refused(response, where)
    size, end = 0, time.monotonic() + MOST_SECONDS
    with path.open("wb") as file:
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > most_bytes:
                raise DataError(f"the file is larger than {most_bytes:,} bytes", where=where)
            if time.monotonic() > end:
                raise TransientError("the file comes too slowly", where=where)
            file.write(chunk)


def _refused(response: httpx.Response, where: str) -> SynclineError:
    status = response.status_code
    if status in (_SLOW, _BUSY) or status >= _SERVER:
        wait = response.headers.get("retry-after", "")
        after = float(wait) if wait.isascii() and wait.isdigit() else None
        return TransientError(f"the server answers {status}", where=where, retry_after=after)
    if status in _NOT_THERE:
        return Missing("there is no such file", where=where)
    hint = "it may have run out: ask for a new one" if status in _REFUSED else ""
    return ConfigError(f"the server answers {status}", where=where, hint=hint)


class _Discreet(logging.Filter):
    """Addresses in the log of the HTTP library, without what is secret in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(shown(str(each)) if type(each).__name__ == "URL" else each for each in record.args)
        return True


_DISCREET = _Discreet()


def _be_discreet(library: Any) -> None:
    logging.getLogger(library.__name__).addFilter(_DISCREET)  # a filter that is there already is not added twice
