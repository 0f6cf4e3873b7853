"""What is wrong with settings, rows or the machine is told in one message: what, where, and what to do about it."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge.shop import Answer, Call, configure, copied, sell, sql

SOURCE, COPY = "sqlite:///example/shop.db", "sqlite:///example/copy.db"
NOWHERE = "postgresql://me:s3same@127.0.0.1:1/shop"
CURSOR = "cursor: updated_at "
FILES = """\
source: {kind: files, folder: data}
destination: {kind: sql, url: "sqlite:///example/copy.db"}
models:
  PETS:
    from: pets.csv
    key: [id]
    columns: {id: int, name: text}
"""


def failure(answer: Answer) -> str:
    """The one message of a run in which a model failed."""
    (line,) = [line for line in answer.err.splitlines() if line.startswith("example ") and " failed: " in line]
    assert (answer.code, "s3same" in answer.out + answer.err) == (1, False)
    return line


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("cursor:", "curser:", 14, ["unknown key `curser`", "did you mean `cursor`?"]),
        ("source:      {kind: sql", "source:      {kind: sqk", 6, ["unknown source kind `sqk`", "files, pushed, sql"]),
        ("destination: {kind: sql", "destination: {kind: s3", 7, ["unknown destination kind `s3`", "sql"]),
        (f"url: {COPY!r}".replace("'", '"'), "ulr: x", 7, ["unknown key `ulr`", "did you mean `url`?"]),
        (SOURCE, "example/shop.db", 6, ["`url` is not the address of a database", "sqlite:///shop.db"]),
        (COPY, "example/copy.db", 7, ["`url` is not the address of a database", "sqlite:///shop.db"]),
        (COPY, "${env:NOT_SET_HERE}", 7, ["NOT_SET_HERE is not set", "export NOT_SET_HERE"]),
        ("every: 15m", "every: often", 17, ["`often`", "15m"]),
        ("key: [id] ", "key: [id ", 14, ["not YAML"]),
        ("from: book ", "table: book ", 12, ["unknown key `table`", "from"]),
        ("format: csv", "format: xls", 18, ["`xls`", "csv, tsv, json"]),
    ],
)
def test_a_wrong_setting_is_told_with_file_and_line(
    shop: Path, call: Call, old: str, new: str, line: int, said: list[str]
) -> None:
    configure(shop, old, new)
    ran, checked = call("run"), call("check")
    assert (ran.code, checked.code) == (2, 2)
    assert ran.err.startswith(f"Error: connections/example.yaml:{line}: ")
    assert f"connections/example.yaml:{line}: " in checked.out
    assert all(word in ran.err and word in checked.out for word in said)
    assert len(ran.err.splitlines()) <= 2
    assert not (shop / "example" / "copy.db").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (SOURCE, "sqlite:///example/gone.db", ["there is no database", "gone.db", "check `url:`"]),
        (SOURCE, NOWHERE, ["does not answer", "Connection refused", "that the server runs"]),
        (SOURCE, "mysql+missing://me:s3same@localhost/shop", ["mysql://localhost/shop", "driver is installed"]),
        ("from: book ", "from: bok ", ["there is no table `bok`", "known are book"]),
        ("from: book ", "from: select oops ", ["oops"]),
        ("key: [id] ", "key: [isbn] ", ["the key `isbn` is not a column", "columns: id, title"]),
        (CURSOR, "cursor: changed ", ["the cursor `changed` is not a column", "columns: id, title"]),
        (COPY, "sqlite:///gone/copy.db", ["there is no folder", "gone", "make it first"]),
        (COPY, "sqlite:///connections", ["connections is a folder, not a database"]),
        (COPY, "sqlite:///syncline.yaml", ["syncline.yaml is not an SQLite database", "check `url:`"]),
    ],
)
def test_what_only_the_other_side_knows_is_told_by_check_and_by_run(
    shop: Path, call: Call, old: str, new: str, said: list[str]
) -> None:
    configure(shop, old, new)
    checked, told = call("check"), failure(call("run"))
    assert checked.code == 2
    assert told.startswith("example BOOKS failed: connections/example.yaml:11: ")
    assert all(word in told and word in checked.out for word in said)
    assert not (shop / "example" / "copy.db").exists()
    configure(shop, new, old)
    assert (call("run").code, len(copied(shop))) == (0, 3)


def test_a_destination_that_was_never_reached_was_promised_nothing(shop: Path, call: Call) -> None:
    configure(shop, COPY, NOWHERE)
    assert "does not answer" in failure(call("run"))
    configure(shop, NOWHERE, COPY)
    assert (call("run").code, len(copied(shop))) == (0, 3)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("CREATE TABLE books (id INTEGER, title TEXT)", "`books` has no unique index on the key (id)"),
        ("CREATE TABLE books (id INTEGER PRIMARY KEY, title INTEGER)", "`books.title` is declared INTEGER"),
        ("CREATE VIEW books AS SELECT 1 AS id", "books"),
    ],
)
def test_a_table_that_cannot_hold_the_model_is_left_as_it_is(shop: Path, call: Call, table: str, said: str) -> None:
    sql(shop / "example" / "copy.db", table)
    checked, told = call("check"), failure(call("run"))
    assert (checked.code, said in checked.out, said in told) == (2, True, True)
    assert sql(shop / "example" / "copy.db", "SELECT sql FROM sqlite_schema WHERE name = 'books'") == [(table,)]


def test_a_date_without_a_cursor_is_refused(shop: Path, call: Call) -> None:
    configure(shop, CURSOR, "# ")
    answer = call("run", "--model", "BOOKS", "--from", "2026-01-01")
    assert answer.code == 2
    assert "connections/example.yaml:11: model BOOKS has no cursor" in answer.err
    assert "run it in full" in answer.err


@pytest.fixture
def pets(shop: Path, call: Call) -> Path:
    """A CSV file of two pets that was synced; gives its folder."""
    (shop / "connections" / "example.yaml").write_text(FILES)
    (shop / "data").mkdir()
    (shop / "data" / "pets.csv").write_text("id,name\n1,Rex\n2,Tom\n")
    assert call("run").code == 0
    return shop / "data"


def sent(pets: Path) -> list[tuple[object, ...]]:
    return sql(pets.parent / "example" / "copy.db", "SELECT id, name FROM pets ORDER BY id")


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


BREAKS: list[tuple[str, Callable[[Path], object], str]] = [
    ("pets.csv", lambda path: path.write_text("id,name\n1,Rex\n2"), "pets.csv:3: the row has 1 values"),
    ("pets.csv", lambda path: path.write_text('id,name\n1,"Re'), "pets.csv: the file ends within a quoted value"),
    ("pets.csv", lambda path: path.write_text(""), "pets.csv: the file is empty: even the header is missing"),
    ("pets.csv", lambda path: path.write_text("id\n1\n"), "pets.csv: there is no column `name` (columns: id)"),
    ("pets.csv", lambda path: path.unlink(), "there is no file `pets.csv`"),
    ("pets.csv.gz", cut_off, "pets.csv.gz: the file cannot be read to its end"),
    ("pets.csv.gz", lambda path: path.write_bytes(b""), "pets.csv.gz: the file is empty (was it cut off?)"),
    ("pets.jsonl", lambda path: path.write_text('{"id": 1, "name": "Rex"}\n{"id": 2, "na'), "pets.jsonl:2: "),
]


@pytest.mark.parametrize(("name", "break_off", "said"), BREAKS)
def test_a_file_that_breaks_off_deletes_nothing(
    pets: Path, call: Call, name: str, break_off: Callable[[Path], object], said: str
) -> None:
    rows = [f"{number},Pet {number}" for number in range(1, 3000)]
    path = pets / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress("\n".join(["id,name", *rows]).encode()))
    break_off(path)
    configure(pets.parent, "from: pets.csv", f"from: {name}")
    assert said in failure(call("run", "--full"))
    assert sent(pets) == [(1, "Rex"), (2, "Tom")]


def test_rows_that_cannot_be_told_apart_or_read_are_named_and_the_others_arrive(pets: Path, call: Call) -> None:
    (pets / "pets.csv").write_text("id,name\n1,Rex\n1,Rover\n,Nobody\nx,Bad\n2,Tomcat\n3,Kit\n")
    done = call("run", "--full", "--json")
    assert done.code == 3
    shown = call("show", done.json[0]["id"]).out
    assert "the key … stands more than once with different values" in shown
    assert "the key `id` is empty" in shown
    assert re.search("'x' +`id`: … is not an int64", shown)
    assert sent(pets) == [(1, "Rex"), (2, "Tomcat"), (3, "Kit")]


def test_too_many_rows_that_do_not_fit_stop_the_run_before_anything_changes(pets: Path, call: Call) -> None:
    (pets / "pets.csv").write_text("id,name\n" + "".join(f"{row}x,Pet\n" for row in range(3)) + "7,Kit\n" * 12)
    told = failure(call("run"))
    assert "connections/example.yaml:4: 3 of 15 rows (20.0%)" in told
    assert "the first: `id`: '0x' is not an int64" in told
    assert "mend the rows or the types" in told
    assert sent(pets) == [(1, "Rex"), (2, "Tom")]


def test_a_source_that_is_suddenly_empty_waits_for_a_person(pets: Path, call: Call) -> None:
    (pets / "pets.csv").write_text("id,name\n")
    held = call("run", "--json")
    assert held.code == 3
    assert "the source is empty, though rows came from it before" in call("show", held.json[0]["id"]).out
    assert "syncline approve example" in call("run").err
    assert len(sent(pets)) == 2


def test_a_snapshot_that_is_lost_is_an_error_and_never_an_empty_one(shop: Path, call: Call) -> None:
    call("run")
    for folder in (shop / ".syncline").glob("*/data"):
        shutil.rmtree(folder)
    sell(shop, "DELETE FROM book WHERE id = 1", "UPDATE book SET title = 'Changed' WHERE id = 2")
    told = failure(call("run", "--full"))
    assert "is missing" in told
    assert "sync the model anew" in told
    assert len(copied(shop)) == 3
