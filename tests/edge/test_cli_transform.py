"""Transforms on the command line: what is wrong with them is told, and what they do is shown, before anything runs."""

from pathlib import Path

import pytest

from tests.edge.shop import Call, configure, copied, sell, sql

AT_BOOKS = "    to: {table: books}"


def declare(shop: Path, text: str) -> None:
    """Let the model say this."""
    lines = "".join(f"    {line}\n" for line in text.strip().splitlines())
    configure(shop, AT_BOOKS, f"{lines}{'' if 'to:' in text else AT_BOOKS}")


def test_check_tells_what_is_wrong_with_file_line_and_what_would_be_right(shop: Path, call: Call) -> None:
    declare(shop, "filter: prize < 10\nfields:\n  id: id\n  shout: uppr(title)")
    found = call("check")
    assert found.code == 2
    assert "connections/example.yaml:15: model BOOKS, `filter`: there is no column `prize`" in found.out
    assert "did you mean `price`? columns: id, title, price, updated_at" in found.out
    configure(shop, "prize", "price")
    assert (
        "connections/example.yaml:18: model BOOKS, `fields.shout`: Scalar Function with name uppr" in call("check").out
    )
    configure(shop, "uppr", "upper")
    assert call("check").code == 0


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("transform: books:clean", "example.yaml:15: model BOOKS, `transform`: there is no module `books`"),
        ("fields: {ID: id, id: title}", "`ID` and `id` differ in case only"),
        ("fields: {title: title}", "no column that is the key `id` unchanged"),
        ("fields: [id, titel]", "example.yaml:15: model BOOKS, `fields.titel`: there is no column `titel`"),
    ],
)
def test_check_looks_at_what_is_made(shop: Path, call: Call, declared: str, said: str) -> None:
    declare(shop, declared)
    found = call("check")
    assert (found.code, said in found.out) == (2, True), found.out


def test_a_sample_shows_rows_before_and_after(shop: Path, call: Call) -> None:
    sell(shop, "UPDATE book SET title = 'x' WHERE id = 3")
    declare(
        shop, "filter: price < 10\nfields: {id: id, title: title, n: CAST(length(title) - 1 AS utinyint) // (id - 3)}"
    )
    shown = call("plan", "example", "--sample")
    lines = [line.split("  ") for line in shown.out.splitlines()]
    told = {line[0]: line[-1].strip() for line in lines if line[0] in {"1", "2", "3"}}
    assert told["2"] == "not sent"
    assert told["3"].startswith("rejected: `n`: Division by zero")
    assert "id=1, title=Flatland, n=" in shown.out
    (model,) = call("plan", "example", "--sample", "--rows", "3", "--json").json["models"]
    first, second, third = model["sample"]
    assert (first["before"]["title"], first["after"][0]["title"]) == ("Flatland", "Flatland")
    assert (second["after"], second["rejected"]) == ([], "")
    assert (third["after"], "Division by zero" in third["rejected"]) == ([], True)
    assert "sample" not in call("plan", "example", "--json").json["models"][0]


def test_a_sample_of_rows_as_they_are_shows_them_twice(shop: Path, call: Call) -> None:
    (model,) = call("plan", "example", "--sample", "--rows", "1", "--json").json["models"]
    assert model["sample"][0]["after"] == [model["sample"][0]["before"]]


def test_a_sample_is_shown_though_the_run_would_stop(shop: Path, call: Call) -> None:
    sell(shop, *(f"INSERT INTO book VALUES ({n}, 'x', 1, '2026-01-01 00:00:00')" for n in range(10, 30)))
    declare(shop, "fields: {id: id, title: CAST(title AS int)}")
    shown = call("plan", "example", "--sample", "--rows", "2")
    assert shown.code == 1
    assert shown.out.count("rejected: `title`: Could not convert string") == 2


def test_functions_beside_the_connections_make_the_rows(shop: Path, call: Call) -> None:
    (shop / "books.py").write_text(
        "import pandas as pd\n\n"
        "def clean(rows: pd.DataFrame) -> pd.DataFrame:\n"
        "    rows['title'] = rows['title'].str.upper()\n"
        "    return rows[rows['price'] < 10]\n"
    )
    declare(shop, "transform: books:clean")
    assert call("run").code == 0
    assert copied(shop) == [(1, "FLATLAND"), (3, "THE TIME MACHINE")]
    (shop / "books.py").write_text((shop / "books.py").read_text().replace("upper()", "lower()").replace("10", "7"))
    sell(shop, "DROP TABLE book")  # what is made anew is made of the snapshot
    assert call("update").code in {0, 3}
    assert sql(shop / "example" / "copy.db", "SELECT id, title FROM books") == [(3, "the time machine")]


def test_of_a_row_that_cannot_be_made_nothing_is_said_that_holds_for_unread_ones_only(shop: Path, call: Call) -> None:
    declare(shop, "limits: {rejected: 100%}\nfields: {id: id, year: CAST(title AS int)}")
    told = call("run").err
    assert ("Rows were rejected" in told, "mended since" in told) == (True, False)
