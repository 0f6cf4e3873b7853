"""Several sources in one file: `sources:`, and `from:` that names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.config import load_connection
from syncline.connection import Connection
from syncline.sources import Combined, Part
from tests.domain.shelf import Load, complaint

TWO = """
sources:
  shop: {kind: shelf, url: shop}
  erp: {kind: shelf, url: erp}
models:
  A: {from: FROM, key: id, columns: {id: int64}, publish: {format: csv}}
"""
ONE = TWO.replace("sources:\n  shop: {kind: shelf, url: shop}\n  erp: {kind: shelf, url: erp}", "source: {kind: shelf}")


def parts(connection: Connection) -> tuple[Part, ...]:
    assert isinstance(connection.source, Combined)
    return connection.source.origins[connection.models[0].origin]


def test_a_model_may_have_several_sources(load: Load) -> None:
    """P2.1, P2.2."""
    connection = load(TWO.replace("FROM", "[{source: shop, table: invoice}, {source: erp, table: rechnung}]"))
    assert parts(connection) == (Part("shop", "shop", "invoice"), Part("erp", "erp", "rechnung"))
    assert [place[1] for place in connection.source.places(connection.models[0].origin)] == ["invoice", "rechnung"]
    assert connection.source.identity() == (
        f"erp={connection.source.members['erp'].identity()}, shop={connection.source.members['shop'].identity()}"  # type: ignore[attr-defined]
    )


def test_a_model_may_have_one_of_several_sources(load: Load) -> None:
    assert parts(load(TWO.replace("FROM", "{source: erp, table: rechnung}"))) == (Part("erp", "erp", "rechnung"),)


@pytest.mark.promise("P2.15")
def test_a_file_bears_attributes(load: Load) -> None:
    said = (
        "[{file: a.csv, attributes: {spatial_root: true, level: 3, height: 2.5, name: 'on'}}, {file: b.csv, part: b}]"
    )
    first, second = parts(load(ONE.replace("FROM", said)))
    assert (first.name, first.attributes) == (
        "a.csv", {"spatial_root": True, "level": 3, "height": 2.5, "name": "on"},
    )  # fmt: skip
    assert second == Part("b", "", "b.csv")


def test_the_only_source_keeps_its_identity_whatever_a_model_says_about_it(load: Load) -> None:
    plain = load(ONE.replace("FROM", "invoice"))
    said = load(ONE.replace("FROM", "{table: invoice, attributes: {site: A}}"))
    assert plain.source.identity() == said.source.identity()
    assert plain.models[0].origin == "invoice"
    assert said.models[0].origin == 'invoice {"site": "A"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO.replace("FROM", "invoice"), ["shop.yaml:6", "does not say which source", "shop, erp"]),
        (TWO.replace("FROM", "[invoice]"), ["shop.yaml:6", "does not say which source"]),
        (TWO.replace("FROM", "{source: shap, table: a}"), ["shop.yaml:6", "did you mean `shop`?"]),
        (TWO.replace("FROM", "{source: shop}"), ["shop.yaml:6", "needs a table or a file"]),
        (TWO.replace("FROM", "{source: shop, tabel: a}"), ["shop.yaml:6", "did you mean `table`?"]),
        (
            TWO.replace("FROM", "[{source: shop, table: a}, {source: shop, table: b}]"),
            ["shop.yaml:6", "two parts are called `shop`", "part: …"],
        ),
        (TWO.replace("FROM", "[]"), ["shop.yaml:6", "a list of them"]),
        (ONE.replace("FROM", "[{file: '2024/*.csv'}, b.csv]"), ["shop.yaml:4", "cannot be a name"]),
        (ONE.replace("FROM", "[{source: shop, file: a.csv}]"), ["shop.yaml:4", "there is one source only"]),
        (TWO.replace("sources:", "source: {kind: shelf}\nsources:"), ["exclude each other"]),
        (TWO.replace("  erp", "  a/b"), ["`a/b` cannot be a name"]),
        (TWO.replace("url: erp", "kond: erp"), ["shop.yaml:4", "unknown key `kond`"]),
        ("models: {A: {from: a}}\n", ["`source` is missing", "`sources:`"]),
    ],
)
def test_what_is_wrong_with_several_sources_is_told_with_its_line(load: Load, text: str, said: list[str]) -> None:
    message = complaint(load, text)
    assert [words for words in said if words not in message] == [], message


def test_a_table_that_is_one_of_several_sources_is_not_written_to(tmp_path: Path) -> None:
    """R23."""
    from syncline.config import clashes  # noqa: PLC0415

    (tmp_path / "shop.yaml").write_text(
        "sources: {a: {kind: sql, url: 'sqlite:///a.db'}, b: {kind: sql, url: 'sqlite:///b.db'}}\n"
        "destination: {kind: sql, url: 'sqlite:///b.db'}\n"
        "models: {T: {from: [{source: a, table: x}, {source: b, table: T}], to: {table: t}}}\n"
    )
    ((name, error),) = clashes([load_connection(tmp_path / "shop.yaml", tmp_path)]).items()
    assert name == ("shop", "T")
    assert "the table it reads" in str(error)
