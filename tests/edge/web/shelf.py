"""A workspace whose books are published and may be downloaded."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from syncline.connection import Connection
from syncline.publication.feed import Feed, feeds
from syncline.request import Request
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace
from tests.edge.web.workspace import key, workspace_in

ALLOWED = "features: [incremental, full, file_download, file_download_latest]"
BOOKS = "/files/shop/example/BOOKS"
TEXT = b"0123456789"


@dataclass
class Shelf:
    """What is published, and who fetches it."""

    workspace: Workspace

    @property
    def connection(self) -> Connection:
        return self.workspace.connection("example")

    @property
    def feed(self) -> Feed:
        return self.feeds[0]

    @property
    def feeds(self) -> list[Feed]:
        (sync,) = self.connection.models
        return list(feeds(sync.publish, self.workspace.storage, "shop", "example", sync.name))

    def add(self, *titles: str) -> str:
        """Put books on it and publish it; the version."""
        with closing(sqlite3.connect(self.workspace.folder / "example" / "shop.db")) as shop, shop:
            rows = [(title,) for title in titles]
            shop.executemany("INSERT INTO book (title, price, updated_at) VALUES (?, 1, '2027-01-01 00:00:00')", rows)
        starter = ThreadStarter(self.workspace)
        starter.wait(starter.start("example", Request(), created_by="ann"))
        return self.feed.latest()

    def publish(self, version: str, content: bytes) -> None:
        """A version with any content, without a run."""
        place = self.feed.place
        with place.draft() as draft:
            draft.write(content)
            place.put(draft, self.feed.file(version), {"rows": "1", **self.feed.headers()})
        place.forward(self.feed.link, self.feed.file(version))

    def client(self, **headers: str) -> TestClient:
        """A stranger; `headers` go with each request."""
        app = create(self.workspace)
        return TestClient(app, "http://127.0.0.1", raise_server_exceptions=False, headers=headers)

    def reader(self, **more: Any) -> TestClient:
        """Who has a key."""
        return self.client(**key(self.workspace, **more))


def shelf_in(
    folder: Path, publish: str = "{format: csv}", *, allowed: str = ALLOWED, settings: str = "", model: str = "BOOKS"
) -> Shelf:
    workspace_in(folder, settings)
    file = folder / "connections" / "example.yaml"
    text = file.read_text().replace("models:\n", f"{allowed}\nmodels:\n", 1)
    file.write_text(text.replace("publish: {format: csv} ", f"publish: {publish} ").replace("BOOKS:", f"{model}:"))
    return Shelf(Workspace.open(folder))
