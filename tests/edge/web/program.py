"""A program that uses the API."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from httpx import Response
from starlette.testclient import TestClient

from syncline.workspace import Workspace
from tests.edge.web.workspace import key

API = "/api/v1"


@dataclass
class Program:
    """One with a key that may do everything, and what it works on."""

    app: FastAPI
    workspace: Workspace

    def __post_init__(self) -> None:
        headers = key(self.workspace)
        self.client = TestClient(
            self.app, "http://127.0.0.1", raise_server_exceptions=False, headers=headers, follow_redirects=False
        )

    def get(self, path: str, **more: Any) -> Response:
        return self.client.get(f"{API}{path}", **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Response:
        return self.client.post(f"{API}{path}", json=json, **more)

    def start(self, json: Any = None, connection: str = "example") -> dict[str, Any]:
        """Start a run and wait until it has ended; gives it as it is shown then."""
        answer = self.post(f"/connections/{connection}/runs", json)
        assert answer.status_code == 202, answer.text
        return self.ended(answer)

    def ended(self, answer: Response) -> dict[str, Any]:
        """A run that was started, when it has ended."""
        run = self.workspace.store.run(answer.json()["id"])
        self.app.state.site.starter.wait(run)
        return dict(self.client.get(answer.headers["location"]).json())

    def shop(self, *statements: str) -> None:
        """Change what the source holds."""
        with closing(sqlite3.connect(self.workspace.folder / "example/shop.db")) as shop, shop:
            for statement in statements:
                shop.execute(statement)
