"""How much may be sent, and how slowly."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncline.web.answer import refuse
from syncline.web.problem import Problem

_GZIP = 31
"""What zlib calls the form of gzip."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may send.

    Args:
        size: bytes, also after decompression.
        seconds: from its first byte to its last.
    """

    size: int = 16 * 1024 * 1024
    seconds: float = 60


@dataclass(frozen=True, slots=True)
class Body:
    """Refuses bodies that are too long (413) or too slow (408), and unpacks those that are packed."""

    app: ASGIApp
    limits: Limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        packing = headers.get("content-encoding", "identity").lower()
        if packing not in {"identity", "gzip"}:
            problem = Problem(415, f"a body packed as `{packing[:40]}` cannot be read", hint="use gzip, or none")
            await refuse(problem, scope, receive, send)
        elif _length(headers) > self.limits.size:
            await refuse(_too_long(self.limits), scope, receive, send)
        else:
            reader = _Reader(receive, self.limits, packed=packing == "gzip")
            await self.app(_unpacked(scope) if packing == "gzip" else scope, reader, send)


class _Reader:
    """Reads a body within the limits; what breaks them ends the request."""

    def __init__(self, receive: Receive, limits: Limits, *, packed: bool) -> None:
        self._receive = receive
        self._limits = limits
        self._unpack = zlib.decompressobj(_GZIP) if packed else None
        self._size = 0
        self._end: float | None = None
        self._is_done = False

    async def __call__(self) -> Message:
        if self._is_done:
            return await self._receive()  # whoever waits now waits for the client to leave
        message = await self._in_time()
        if message["type"] == "http.request":
            is_last = not message.get("more_body", False)
            message["body"] = self._plain(message.get("body", b""), is_last=is_last)
            self._size += len(message["body"])
            if self._size > self._limits.size:
                raise _too_long(self._limits)
            self._is_done = is_last
        return message

    async def _in_time(self) -> Message:
        now = asyncio.get_running_loop().time()
        self._end = self._end or now + self._limits.seconds
        try:
            async with asyncio.timeout_at(self._end):
                return await self._receive()
        except TimeoutError:
            message = f"the body did not arrive within {self._limits.seconds:g} s"
            raise Problem(408, message, headers={"Connection": "close"}) from None

    def _plain(self, data: bytes, *, is_last: bool) -> bytes:
        if self._unpack is None:
            return data
        room = self._limits.size - self._size + 1
        try:
            plain = self._unpack.decompress(data, room)
        except zlib.error as error:
            raise Problem(400, "the body is not gzip, though it says so") from error
        if self._unpack.unconsumed_tail:
            raise _too_long(self._limits)
        if self._unpack.unused_data or (is_last and not self._unpack.eof and (self._size or plain or data)):
            raise Problem(400, "the body is not one whole gzip")
        return plain


def _length(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() else 0


def _unpacked(scope: Scope) -> Scope:
    """The request as if it had been sent plainly."""
    copy = {**scope, "headers": list(scope["headers"])}
    headers = MutableHeaders(scope=copy)
    del headers["content-encoding"], headers["content-length"]
    return copy


def _too_long(limits: Limits) -> Problem:
    message = f"a body has at most {limits.size:,} bytes, also when it is unpacked"
    return Problem(413, message, hint="send it in parts", headers={"Connection": "close"})
