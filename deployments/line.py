"""How requests are read off the line: in turns, so that nobody waits for one of many small pieces, and in time."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

AT_ONCE = 8 * 1024
"""Bytes that are read of one client before another has its turn; 256 KiB of chunks of one byte take five seconds."""
HEADERS = 64 * 1024
"""Bytes of a request before its body: browsers send the cookies of all that runs on this machine, whatever the port."""
PATIENCE = 10.0
"""Seconds within which a client says what it wants. Else a thousand that never do would leave no line for others."""


class Line(H11Protocol):
    """The usual reading of HTTP, with turns, and an end for who begins a request and does not go on."""

    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to read."""
        transport.max_size = AT_ONCE
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        """While it is not said what is wanted, the time runs; while there is an answer to be given, it does not."""
        is_asked = self.cycle is not None and not self.cycle.response_complete
        if is_asked or self.transport.get_protocol() is not self:  # a web socket has its own ways
            self._stop()
        elif self._end is None:
            self._end = self.loop.call_later(PATIENCE, self.transport.close)

    def _stop(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
