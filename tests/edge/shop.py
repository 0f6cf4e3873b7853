"""The workspace that `syncline init` writes, as the tests of the command line use it."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call: TypeAlias = Callable[..., Answer]


def sql(database: Path, *statements: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection, connection:
        found: list[tuple[Any, ...]] = []
        for statement in statements:
            found = connection.execute(statement).fetchall()
        return found


def sell(shop: Path, *statements: str) -> None:
    sql(shop / "example" / "shop.db", *statements)


def copied(shop: Path) -> list[tuple[Any, ...]]:
    return sql(shop / "example" / "copy.db", "SELECT id, title FROM books ORDER BY id")


def fill(shop: Path, first: int, last: int) -> None:
    rows = [f"({number}, 'Book {number}', 1, '2026-01-01 00:00:00')" for number in range(first, last + 1)]
    sell(shop, f"INSERT INTO book VALUES {', '.join(rows)}")


def configure(shop: Path, old: str, new: str) -> None:
    file = shop / "connections" / "example.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
