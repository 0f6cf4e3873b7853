"""The way to Prefect's page through ours: one address for both, and nobody comes in whom we do not know."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, TypeAlias

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

PREFIX = "/prefect"
"""Where Prefect's page is found; its server is told to make its links so."""
_API = f"{PREFIX}/api"
_SETTINGS = f"{PREFIX}/ui-settings"
_POLICY = (
    b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self'; object-src 'none'; "
    b"base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Prefect's page is as it is, but it reports to nobody who uses it."""
_OURS = {b"host", b"cookie", b"authorization", b"x-api-key", b"origin"}
_HOP = {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
_NO_BODY = {"GET", "HEAD", "OPTIONS"}


class Passage:
    """An ASGI app that hands requests on to Prefect's server, without what is only for us.

    Args:
        target: the address of Prefect's server.
        address: where people find us; empty: as they come.
        word: what the server wants to hear of who asks it something; empty: nothing.
    """

    def __init__(self, target: str, address: str = "", word: str = "") -> None:
        self._target = target
        self._address = address
        self._greeting = json.dumps({"type": "auth", "token": word}) if word else None
        told = {"Authorization": f"Basic {b64encode(word.encode()).decode()}"} if word else {}
        self._client = httpx.AsyncClient(base_url=target, timeout=60, trust_env=False, headers=told)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand on a request or a web socket."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["path"] == _SETTINGS:
            await self._settings(scope, send)
        else:
            await self._request(scope, receive, send)

    async def _request(self, scope: Message, receive: Receive, send: Send) -> None:
        content = None if scope["method"] in _NO_BODY else _body(receive)
        headers = _handed_on(scope["headers"], _OURS | _HOP | {b"content-length"})
        request = self._client.build_request(scope["method"], _way(scope), headers=headers, content=content)
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.HTTPError:
            await _say(send, 502, b"Prefect's server does not answer", b"text/plain")
            return
        try:
            told = [*_handed_on(answer.headers.raw, _HOP), (b"content-security-policy", _POLICY)]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": told})
            async for piece in answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()

    async def _settings(self, scope: Message, send: Send) -> None:
        """What Prefect's page asks first: where the API is, and for which word it asks people: for none."""
        answer = await self._client.get(_SETTINGS)
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        came = self._address or f"{scope['scheme']}://{host}"
        settings = answer.json() | {"api_url": f"{came}{_API}", "auth": None}
        await _say(send, 200, json.dumps(settings).encode(), b"application/json")

    async def _socket(self, scope: Message, receive: Receive, send: Send) -> None:
        url = f"{self._target.replace('http', 'ws', 1)}{_way(scope)}"
        try:
            async with connect(url, subprotocols=scope["subprotocols"] or None, proxy=None) as far:
                await receive()
                await send({"type": "websocket.accept", "subprotocol": far.subprotocol})
                ways = [asyncio.ensure_future(way) for way in (self._there(receive, far), _back(far, send))]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
        except (OSError, WebSocketException):
            pass
        with suppress(RuntimeError):  # whoever was there has left first
            await send({"type": "websocket.close", "code": 1000})

    async def _there(self, receive: Receive, far: ClientConnection) -> None:
        """What is said to Prefect's server; first of all the word, in place of what the page has for one."""
        greeting = self._greeting
        while (message := await receive())["type"] == "websocket.receive":
            text, greeting = greeting or message.get("text"), None
            await far.send(text if text is not None else message["bytes"])


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _back(far: ClientConnection, send: Send) -> None:
    with suppress(ConnectionClosed):
        while True:
            message = await far.recv()
            kind = "text" if isinstance(message, str) else "bytes"
            await send({"type": "websocket.send", kind: message})


async def _say(send: Send, status: int, body: bytes, kind: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})


def _way(scope: Message) -> str:
    """The address at Prefect's server: its API has no prefix there."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    way = path.decode("latin-1")
    way = way.removeprefix(PREFIX) if way.startswith(f"{_API}/") else way
    query: bytes = scope["query_string"]
    return f"{way}?{query.decode('latin-1')}" if query else way


def _handed_on(headers: Any, without: set[bytes]) -> list[Header]:
    return [(name, value) for name, value in headers if name.lower() not in without]
