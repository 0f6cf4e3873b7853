"""Two models on one table, and a model on the table it reads: nothing runs, and everybody is told why."""

from pathlib import Path

import pytest

from tests.edge.shop import Call, configure, copied, sql

OTHER = """\
source: {{kind: sql, url: "sqlite:///example/other.db"}}
destination: {{kind: sql, url: "sqlite:///example/copy.db"}}
models:
  TITLES: {{from: book, to: {{table: {table}}}}}
"""


@pytest.fixture
def rival(shop: Path) -> Path:
    """Another connection to the same database."""
    sql(shop / "example" / "other.db", "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT)")
    sql(shop / "example" / "other.db", "INSERT INTO book VALUES (2, 'Another book')")
    return shop / "connections" / "rival.yaml"


@pytest.mark.parametrize("table", ["books", "Books", "{table}, shared: true"])
def test_a_run_refuses_both_of_two_models_on_one_table(shop: Path, call: Call, rival: Path, table: str) -> None:
    call("run")
    before = copied(shop)
    rival.write_text(OTHER.format(table=table.format(table="books")))
    for command in (["run"], ["run", "rival"], ["run", "example"], ["plan", "rival"], ["approve", "example"]):
        answer = call(*command)
        assert (answer.code, copied(shop)) == (2, before), command
    told = call("run").err
    assert "connections/rival.yaml:4: model TITLES: the table" in told
    assert "is also that of example/BOOKS in connections/example.yaml:" in told
    assert "is also that of rival/TITLES in connections/rival.yaml:4" in told


def test_models_that_share_a_table_or_have_their_own_run(shop: Path, call: Call, rival: Path) -> None:
    rival.write_text(OTHER.format(table="titles"))
    assert call("run").code == 0
    rival.write_text(OTHER.format(table="all, shared: true"))
    configure(shop, "{table: books}", "{table: all, shared: true}")
    assert "is also that of" not in call("check").out


def test_two_models_of_one_connection_clash_too(shop: Path, call: Call) -> None:
    configure(shop, "models:\n", "models:\n  COPY: {from: book, to: {table: BOOKS}}\n")
    assert (call("run").code, "is also that of example/BOOKS" in call("check").out) == (2, True)


def test_check_says_a_clash_in_the_line_of_the_model(shop: Path, call: Call, rival: Path) -> None:
    rival.write_text(OTHER.format(table="books"))
    lines = [line for line in call("check").out.splitlines() if line.startswith(("rival", "example"))]
    assert len(lines) == 2
    assert all("is also that of" in line for line in lines)


@pytest.mark.parametrize("origin", ["book", "Book"])
def test_a_model_that_would_write_to_what_it_reads_is_refused(shop: Path, call: Call, origin: str) -> None:
    configure(shop, "copy.db", "shop.db")
    configure(shop, "from: book ", f"from: {origin} ")
    configure(shop, "{table: books}", "{table: book}")
    said = "model BOOKS would write to the table it reads, book"
    answer = call("run")
    assert (answer.code, said in answer.err) == (2, True)
    answer = call("check")
    assert (answer.code, said in answer.out) == (2, True)
    configure(shop, "{table: book}", "{table: books}")
    assert call("run").code == 0


def test_what_is_no_address_is_told_with_its_line_beside_all_else(shop: Path, call: Call) -> None:
    wrong = (shop / "connections" / "example.yaml").read_text().replace("sqlite:///example/copy.db", "copy.db")
    (shop / "connections" / "wrong.yaml").write_text(wrong.replace("connection: example", "connection: wrong"))
    answer = call("check")
    assert answer.code == 2
    assert "connections/wrong.yaml:7: `url` is not the address of a database" in answer.out
    assert "example     BOOKS" in answer.out


@pytest.mark.promise("P2.11")
@pytest.mark.promise("P2.22")
def test_several_connections_and_connectors_feed_one_destination(shop: Path, call: Call, rival: Path) -> None:
    """One connector serves two connections, another one a third; each has its own rows in the table they share."""
    configure(shop, "{table: books}", "{table: all, shared: true}\n    fields: [id, title]")
    rival.write_text(OTHER.format(table="all, shared: true"))
    (shop / "list.csv").write_text("id,title\n2,A third book\n")
    rival.with_name("list.yaml").write_text(
        'source: {kind: files, folder: "."}\n'
        'destination: {kind: sql, url: "sqlite:///example/copy.db"}\n'
        "models:\n"
        "  LIST: {from: list.csv, key: [id], columns: {id: int64, title: string}, to: {table: all, shared: true}}\n"
    )
    assert call("run").code == 0
    found = sql(shop / "example" / "copy.db", 'SELECT _connection, title FROM "all" WHERE id = 2 ORDER BY _connection')
    assert [title for _, title in found] == ["Middlemarch", "A third book", "Another book"]
