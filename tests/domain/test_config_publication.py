"""`publish:` from YAML: every option, and what is said of a wrong one."""

from pathlib import Path
from textwrap import indent

import pytest

from syncline.export import FITTING, FORMATS, Options, Template
from syncline.publication import Publication
from tests.domain.shelf import Load, complaint

EVERY = """
    source: {kind: shelf}
    models:
      A:
        from: a
        publish:
          - format: csv
            name: prices
            columns: {sku: "Article no.", price: }
            compression: gzip
            header: no
            delimiter: "\\t"
            quote: "'"
            line_ending: crlf
            encoding: latin-1
            escape_formulas: yes
            null: NULL
            booleans: [yes, no]
            decimal: ","
            digits: 2
            date: "%d.%m.%Y"
            time: "%H:%M"
            timestamp: "%d.%m.%Y %H:%M"
            timezone: Europe/Berlin
          - {format: xlsx, sheet: Prices, columns: [sku]}
          - {format: xml, template: feeds/shop.xml}
          - {format: csv, null: ""}
"""


def published(publish: str) -> str:
    return f"source: {{kind: shelf}}\nmodels:\n  A:\n    from: a\n    publish: {publish}\n"


def test_every_option_is_read(load: Load, tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "shop.xml").write_text("<a/>", encoding="utf-8-sig")
    prices, sheet, feed, plain = load(EVERY).models[0].publish
    assert (prices.format, prices.name, prices.suffix) == ("csv", "prices", ".csv.gz")
    assert prices.options == Options(
        columns=(("sku", "Article no."), ("price", "price")),
        compression="gzip",
        header=False,
        delimiter="\t",
        quote="'",
        line_ending="crlf",
        encoding="latin-1",
        escape_formulas=True,
        null="NULL",
        booleans=("yes", "no"),
        decimal=",",
        digits=2,
        date="%d.%m.%Y",
        time="%H:%M",
        timestamp="%d.%m.%Y %H:%M",
        timezone="Europe/Berlin",
    )
    assert prices.options.chosen().keys() == FITTING["csv"]
    assert sheet == Publication("xlsx", options=Options(columns=(("sku", "sku"),), sheet="Prices"))
    assert feed.options.template == Template("feeds/shop.xml", "<a/>")
    assert plain == Publication("csv")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_be_declared(load: Load, form: str) -> None:
    assert [made.format for made in load(published(f"{{format: {form}}}")).models[0].publish] == [form]


WRONG = [
    ("{format: csv, delimeter: x}", ["unknown key `delimeter`", "did you mean `delimiter`"]),
    ("{format: parquet, header: no}", ["`header` is not for parquet", "parquet knows columns"]),
    ("{format: tsv, delimiter: x}", ["`delimiter` is not for tsv"]),
    ("{format: csv, delimiter: ab}", ["`delimiter` is 'ab'", "one character"]),
    ("{format: csv, delimiter: '\"'}", ["`delimiter` and `quote` are both"]),
    ("{format: csv, encoding: utf-9}", ["`utf-9` is no encoding"]),
    ("{format: csv, encoding: hex}", ["`hex` is no encoding"]),
    ("{format: csv, null: ','}", ["`null` is ','"]),
    ("{format: csv, booleans: [yes]}", ["two words"]),
    ("{format: csv, booleans: [x, x]}", ["look the same"]),
    ("{format: csv, digits: 16}", ["`digits` is 16", "0 to 15"]),
    ("{format: csv, date: '%Q'}", ["`date`: `%Q` is not known"]),
    ("{format: csv, timezone: Mars/Phobos}", ["`Mars/Phobos` is no time zone"]),
    ("{format: csv, compression: zip}", ["cannot be `zip`", "gzip"]),
    ("{format: csv, columns: [a, a]}", ["two columns are called `a`"]),
    ("{format: csv, columns: {a: x, b: x}}", ["two columns are called `x`"]),
    ("{format: csv, name: versions}", ["cannot be called `versions`"]),
    ("{format: csv, name: a/b}", ["cannot be a name"]),
    ("[{format: csv, name: a}, {format: csv, name: a}]", ["a format stands twice", "`name:`"]),
    ("{format: xlsx, date: '%j'}", ["nothing that Excel shows"]),
    ("{format: xlsx, sheet: 'a/b'}", ["cannot name a sheet"]),
    ("{format: xml, template: nowhere.xml}", ["the template nowhere.xml cannot be read", "starts at the workspace"]),
]


@pytest.mark.parametrize(("publish", "words"), WRONG)
def test_what_is_wrong_is_said_with_its_line(load: Load, publish: str, words: list[str]) -> None:
    told = complaint(load, published(publish))
    assert told.startswith("connections/shop.yaml:5: ")
    assert all(word in told for word in words), told


def test_the_example_of_the_page_is_understood(load: Load, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "publications.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "shop.xml").write_text("<a/>")
    made = load("source: {kind: shelf}\nmodels:\n  A:\n    from: a\n" + indent(example, "    ")).models[0].publish
    assert [one.suffix for one in made] == [".parquet", ".csv", ".csv.gz", ".xml"]


def test_a_template_that_is_none_is_named_with_its_line(load: Load, tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text("<a>\n{% if %}")
    told = complaint(load, published("{format: xml, template: feed.xml}"))
    assert told.startswith("feed.xml:2: not a template")
