"""A workspace that has seen something: three connections, and runs of every kind."""

import sqlite3
from contextlib import closing
from pathlib import Path

from syncline.request import ModelRequest, Request
from syncline.run import Run, RunStatus
from syncline.web.starter import ThreadStarter
from syncline.workspace import Workspace

SHOP = """\
connection: shop
source:      {kind: sql, url: "sqlite:///data/shop.db"}
destination: {kind: sql, url: "sqlite:///data/warehouse.db"}
features: [incremental, full, from_date, file_download, file_download_latest]
models:
  ARTICLES:
    from: article
    key: [id]
    columns: {id: int64, title: string, price: "decimal(8, 2)", stock: int64, updated_at: timestamp}
    cursor: updated_at
    schedule: {every: 15m}
    publish: {format: csv}
  ORDERS:
    from: purchase
    key: [id]
    cursor: updated_at
    schedule: {cron: "0 6 * * *", timezone: Europe/Paris}
"""
CATALOGUE = """\
connection: catalogue
source:      {kind: sql, url: "sqlite:///data/shop.db"}
destination: {kind: sql, url: "sqlite:///data/catalogue.db"}
features: [full]
models:
  TITLES: {from: "SELECT id, title FROM article", key: [id]}
"""
PRICES = """\
connection: prices
source:      {kind: sql, url: "sqlite:///data/shop.db"}
destination: {kind: sql, url: "sqlite:///data/prices.db"}
features: [incremental]
models:
  PRICES: {from: "SELECT id, price, updated_at FROM article", key: [id], cursor: updated_at, schedule: {every: 1h}}
"""
_TABLES = """\
CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT, price NUMERIC(8,2), stock, updated_at TIMESTAMP NOT NULL);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, buyer TEXT, total NUMERIC(8,2), updated_at TIMESTAMP NOT NULL);
"""
_WORDS = ("Lamp", "Chair", "Desk", "Shelf", "Stool", "Bench", "Mirror", "Rug", "Clock", "Vase")


class Showcase:
    """The workspace, and what happens to the shop it reads."""

    def __init__(self, folder: Path, *connections: str) -> None:
        self.folder = folder
        (folder / "connections").mkdir(parents=True)
        (folder / "data").mkdir()
        for text in connections or (SHOP, CATALOGUE, PRICES):
            name = text.split()[1]
            (folder / "connections" / f"{name}.yaml").write_text(text)
        (folder / "syncline.yaml").write_text("tenant: shop\n")
        self.sql(_TABLES)
        self.sql("".join(_article(number, "2026-01-05 09:00:00") for number in range(1, 121)))
        self.sql("".join(_order(number) for number in range(1, 41)))
        self.workspace = Workspace.open(folder)
        self.starter = ThreadStarter(self.workspace)

    def sql(self, script: str) -> None:
        """Something happens to the shop."""
        with closing(sqlite3.connect(self.folder / "data" / "shop.db")) as shop:
            shop.executescript(script)

    def run(self, connection: str = "shop", request: Request | None = None, by: str = "anybody") -> Run:
        """A run, to its end."""
        return self.starter.wait(self.starter.start(connection, request or Request(), created_by=by))

    def lives(self) -> dict[str, Run]:
        """All that can happen, once; gives the runs by what happened."""
        runs = {"first": self.run()}
        self.run("catalogue")
        self.run("prices")
        self.sql("UPDATE article SET price = price + 1, updated_at = '2026-01-06 10:00:00' WHERE id <= 8")
        self.sql("UPDATE purchase SET buyer = '<b>Ann</b> & \"Bo\"', updated_at = '2026-01-06 10:00:00' WHERE id = 3")
        runs["changed"] = self.run()
        self.run("prices")
        runs["unchanged"] = self.run("prices")
        self.sql("UPDATE article SET stock = 'many', updated_at = '2026-01-07 10:00:00' WHERE id IN (11, 12)")
        runs["rejected"] = self.run()
        self.sql("DELETE FROM purchase WHERE id > 10")
        runs["withheld"] = self.run(request=Request(full_sync=True))
        self.sql("ALTER TABLE article RENAME TO gone")
        runs["failed"] = self.run(request=Request(data_models_to_sync=(ModelRequest("ARTICLES"),)))
        assert runs["failed"].status is RunStatus.FAILED
        self.sql("ALTER TABLE gone RENAME TO article")
        return runs


def _article(number: int, when: str) -> str:
    title = f"{_WORDS[number % 10]} {number:03d}"
    values = f"{number}, '{title}', {number * 7 % 90 + 9.5}, {number * 13 % 40}, '{when}'"
    return f"INSERT INTO article VALUES ({values});"


def _order(number: int) -> str:
    return (
        f"INSERT INTO purchase VALUES ({number}, 'buyer {number % 7}', {number * 11 % 300 + 5}, '2026-01-05 12:00:00');"
    )
