"""The demo's own look at both databases: plain SQL, nothing of Syncline."""

from __future__ import annotations

import csv
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from syncline.cli.screen import number

TABLES: Mapping[str, tuple[str, str]] = {
    "CUSTOMERS": ("customer", "customers"),
    "TRACKS": ("track", "tracks"),
    "INVOICES": ("invoice", "invoices"),
    "INVOICE_LINES": ("invoice_line", "invoice_lines"),
}
"""Model -> its table in the shop and in the warehouse."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a table of the shop and its copy differ, row by row and value by value.

    `missing` rows are in the shop only, `extra` ones in the warehouse only.
    """

    model: str
    here: int
    there: int
    missing: int
    extra: int

    @property
    def is_equal(self) -> bool:
        """Both hold the same rows."""
        return self.here == self.there and not self.missing and not self.extra

    def __str__(self) -> str:
        if self.is_equal:
            return f"{self.model} {number(self.here)} = {number(self.there)}"
        figures = f"{number(self.here)} ≠ {number(self.there)}"
        return f"{self.model} {figures} ({number(self.missing)} missing, {number(self.extra)} extra)"


def compare(folder: Path) -> list[Comparison]:
    """Every model's table in `chinook.db` beside its copy in `warehouse.db`: EXCEPT, both ways."""
    with closing(sqlite3.connect(f"{(folder / 'chinook.db').resolve().as_uri()}?mode=ro", uri=True)) as both:
        both.execute("ATTACH ? AS warehouse", (f"{(folder / 'warehouse.db').resolve().as_uri()}?mode=ro",))
        return [_compare(both, model, *tables) for model, tables in TABLES.items()]


def fingerprint(file: Path) -> str:
    """The same as before if nobody has written to the file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def csv_rows(file: Path) -> Counter[tuple[int, float]]:
    """Number and total of each invoice in a CSV file."""
    with file.open(encoding="utf-8", newline="") as lines:
        return Counter((int(row["invoice_id"]), float(row["total"])) for row in csv.DictReader(lines))


def shop_rows(folder: Path) -> Counter[tuple[int, float]]:
    """The same in the shop's database."""
    with closing(sqlite3.connect(folder / "chinook.db")) as shop:
        return Counter(shop.execute("SELECT invoice_id, total FROM invoice").fetchall())


def _compare(both: sqlite3.Connection, model: str, here: str, there: str) -> Comparison:
    columns = both.execute("SELECT name, type FROM pragma_table_info(?)", (here,)).fetchall()
    shown = ", ".join(_comparable(*column) for column in columns)
    first, second = f"SELECT {shown} FROM main.{here}", f"SELECT {shown} FROM warehouse.{there}"  # noqa: S608 - our own names
    counts = (first, second, f"{first} EXCEPT {second}", f"{second} EXCEPT {first}")
    return Comparison(model, *_counted(both, counts))


def _comparable(name: str, declared: str) -> str:
    """The shop keeps money as a number, the warehouse as text with all its digits."""
    return f"CAST({name} AS NUMERIC)" if declared.startswith("NUMERIC") else name


def _counted(both: sqlite3.Connection, queries: Iterable[str]) -> list[int]:
    return [both.execute(f"SELECT count(*) FROM ({query})").fetchone()[0] for query in queries]  # noqa: S608
