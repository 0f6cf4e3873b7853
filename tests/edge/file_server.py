"""A server of files on this machine, for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "X-Signature=4f1d0a"


class Server:
    """A server of files; `answers` says what lies where, or what else happens there."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | int | str | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        found = self.answers.get(handler.path.partition("?")[0], 404)
        if callable(found):
            found(handler)
            return
        status = found if isinstance(found, int) else 302 if isinstance(found, str) else 200
        content = found if isinstance(found, bytes) else b""
        handler.send_response(status)
        if isinstance(found, str):
            handler.send_header("Location", found)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}?{SECRET}"
