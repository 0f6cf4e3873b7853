"""The workspace that `syncline init` writes: small, commented, and working at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from syncline.errors import ConfigError

_SETTINGS = """\
# yaml-language-server: $schema=.syncline/schema/workspace.json
# Settings of the whole workspace. All of them may be left out.

# tenant: default                # the company that everything here belongs to
# database: "${env:STORE_URL}"   # where runs are remembered; default: SQLite in .syncline
# storage: /srv/syncline         # where snapshots and files lie; default: .syncline/storage
# defaults:                      # for every model that does not say otherwise; syncline check --explain
#   limits:
#     deleted: 30%               # a run that would delete more than this waits for `syncline approve` …
#     at_least: 10               # … if the table has at least so many rows
#     rejected: 10%              # a run in which more rows than this do not fit stops
"""

_CONNECTION = """\
# yaml-language-server: $schema=../.syncline/schema/connection.json
# Keeps the books of example/shop.db up to date in example/copy.db and in a CSV file.
# Try it: syncline run; change a row in shop.db; syncline plan example; syncline run

connection: example
source:      {kind: sql, url: "sqlite:///example/shop.db"}
destination: {kind: sql, url: "sqlite:///example/copy.db"}
#            passwords come from outside: url: "${env:WAREHOUSE_URL}" or "${file:/run/secrets/warehouse}"

models:
  BOOKS:
    from: book                  # the table; or a query
    key: [id]                   # what names a row; may be left out where the table has a primary key
    cursor: updated_at          # grows when a row changes; left out: everything is read, and only changes are sent
    to: {table: books}          # default: the name of the model in lower case
    # on_delete: soft           # mark rows that are gone instead of deleting them; or ignore
    schedule: {every: 15m}      # for `syncline serve`; or {cron: "0 6 * * *", timezone: Europe/Paris}
    publish: {format: csv}      # a file that always holds everything
"""

_BOOKS = """\
CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price NUMERIC(8,2), updated_at TIMESTAMP NOT NULL);
INSERT INTO book VALUES
    (1, 'Flatland', 7.50, '2026-01-05 09:00:00'),
    (2, 'Middlemarch', 12.80, '2026-01-05 09:00:00'),
    (3, 'The Time Machine', 6.20, '2026-01-06 15:30:00');
"""


def write_example(folder: Path) -> list[Path]:
    """Write the example workspace; gives the files.

    Raises:
        ConfigError: there is something already, or the folder cannot be written.
    """
    texts = {"syncline.yaml": _SETTINGS, "connections/example.yaml": _CONNECTION}
    database = folder / "example" / "shop.db"
    for file in (*(folder / name for name in texts), database):
        if file.exists():
            raise ConfigError(f"{file} is there already", hint="choose another folder: syncline init FOLDER")
    try:
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        database.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(database)) as shop:
            shop.executescript(_BOOKS)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}", hint="choose another folder") from error
    return [*(folder / name for name in texts), database]
