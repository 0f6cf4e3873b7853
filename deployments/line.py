"""How requests are read off the line: a little of each at a time, so that nobody waits for one of many small pieces."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

AT_ONCE = 8 * 1024
"""Bytes that are read of one client before another has its turn; 256 KiB of chunks of one byte take five seconds."""


class Line(H11Protocol):
    """The usual reading of HTTP, with turns."""

    def connection_made(self, transport: Any) -> None:
        """Begin to read."""
        transport.max_size = AT_ONCE
        super().connection_made(transport)
