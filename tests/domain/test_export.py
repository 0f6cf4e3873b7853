"""What stands in a published file: each format, each option, to the byte; and what is said where it cannot."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from syncline.errors import ConfigError, DataError
from syncline.export import FITTING, FORMATS, Format, Options, Template, media_type, suffix, write

# ruff: noqa: DTZ001 - timestamps without a time zone are among what is tested

SHOP = pa.table(
    {
        "sku": pa.array(["007", "b;ü"]),
        "price": pa.array([Decimal("1234.50"), None], pa.decimal128(12, 2)),
        "weight": pa.array([0.125, float("inf")]),
        "stock": pa.array([3, None]),
        "active": pa.array([True, False]),
        "since": pa.array([date(2024, 2, 29), None]),
        "opens": pa.array([time(5, 6, 7), None], pa.time64("us")),
        "seen": pa.array([datetime(2024, 7, 1, 12, 0, 0, 5, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
        "note": pa.array(['=1+"1"', ""]),
    }
)


def made(form: Format, table: pa.Table = SHOP, **options: Any) -> bytes:
    file = io.BytesIO()
    write(table.to_batches(), table.schema, form, file, Options(**options))
    return file.getvalue()


def only(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names)


def column(*texts: str | None, name: str = "name") -> pa.Table:
    return pa.table({name: pa.array(texts, pa.string())})


def test_a_csv_for_german_excel() -> None:
    options = {
        "columns": (
            ("sku", "Artikel;Nr."),
            ("price", "Preis"),
            *only("weight", "since", "opens", "seen", "note", "active"),
        ),
        "delimiter": ";",
        "decimal": ",",
        "digits": 1,
        "line_ending": "crlf",
        "encoding": "utf-8-sig",
        "escape_formulas": True,
        "booleans": ("ja", "nein"),
        "date": "%d.%m.%Y",
        "time": "%H:%M",
        "timestamp": "%d.%m.%y %H:%M:%S",
        "timezone": "Europe/Berlin",
        "null": "-",
    }
    assert made("csv", **options).decode() == (
        '\ufeff"Artikel;Nr.";Preis;weight;since;opens;seen;note;active\r\n'
        '007;1234,5;0,1;29.02.2024;05:06;01.07.24 14:00:00;"\'=1+""1""";ja\r\n'
        '"b;ü";-;inf;-;-;-;;nein\r\n'
    )


GOLDEN: dict[Format, str] = {
    "csv": 'sku,price,stock,note\n007,1234.50,3,"=1+""1"""\nb;ü,,,""\n',
    "tsv": 'sku\tprice\tstock\tnote\n007\t1234.50\t3\t"=1+""1"""\nb;ü\t\t\t""\n',
    "json": (
        '[\n{"sku":"007","price":1234.50,"stock":3,"note":"=1+\\"1\\""},\n'
        '{"sku":"b;ü","price":null,"stock":null,"note":""}\n]\n'
    ),
    "jsonl": (
        '{"sku":"007","price":1234.50,"stock":3,"note":"=1+\\"1\\""}\n'
        '{"sku":"b;ü","price":null,"stock":null,"note":""}\n'
    ),
    "xml": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rows>\n'
        '<row><sku>007</sku><price>1234.50</price><stock>3</stock><note>=1+"1"</note></row>\n'
        "<row><sku>b;ü</sku><note></note></row>\n</rows>\n"
    ),
}


@pytest.mark.parametrize("form", GOLDEN)
def test_a_small_file_to_the_byte(form: Format) -> None:
    assert made(form, columns=only("sku", "price", "stock", "note")).decode() == GOLDEN[form]


EMPTY: dict[Format, bytes] = {
    "csv": b"sku\n",
    "tsv": b"sku\n",
    "json": b"[]\n",
    "jsonl": b"",
    "xml": b'<?xml version="1.0" encoding="UTF-8"?>\n<rows>\n</rows>\n',
}


@pytest.mark.parametrize("form", EMPTY)
def test_no_rows_make_a_whole_file(form: Format) -> None:
    assert made(form, SHOP.slice(0, 0), columns=only("sku")) == EMPTY[form]


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_rows_make_the_same_bytes(form: Format) -> None:
    assert made(form) == made(form)


def test_a_header_is_left_out() -> None:
    assert made("csv", columns=only("stock"), header=False) == b'3\n""\n'


def test_a_text_that_would_be_taken_for_null_is_quoted() -> None:
    assert made("csv", column("NULL", None, ""), null="NULL") == b'name\n"NULL"\nNULL\n\n'


@pytest.mark.parametrize("sign", [*"=+-@\t\r\n", "＝"])  # noqa: RUF001
def test_what_a_spreadsheet_would_take_for_a_formula_is_none(sign: str) -> None:
    (line,) = made("csv", column(f"{sign}1"), escape_formulas=True, header=False).decode().split("\n", 1)[:1]
    assert line.lstrip('"').startswith("'")
    assert made("csv", pa.table({"n": [-1]}), escape_formulas=True) == b"n\n-1\n"


def test_a_delimiter_that_numbers_have_makes_them_quoted() -> None:
    assert made("csv", columns=only("sku", "price"), decimal=",") == b'sku,price\n007,"1234,50"\nb;\xc3\xbc,\n'


ROUNDED = [
    (2, "2.675", "2.68"), (2, "-0.004", "0.00"), (0, "0.5", "1"), (0, "-2.5", "-3"), (3, "1", "1.000"),
    (1, "1e22", "10000000000000000000000.0"), (2, "nan", "nan"), (2, "-inf", "-inf"),
]  # fmt: skip


@pytest.mark.parametrize(("digits", "value", "shown"), ROUNDED)
def test_numbers_are_rounded_as_people_do(digits: int, value: str, shown: str) -> None:
    assert made("csv", pa.table({"f": [float(value)]}), digits=digits).decode() == f"f\n{shown}\n"


def test_the_largest_numbers_are_rounded_too() -> None:
    table = pa.table({"d": pa.array([Decimal("9" * 20 + "." + "9" * 18)], pa.decimal128(38, 18)), "f": [1.7e308]})
    line = made("csv", table, digits=2, header=False).decode()
    assert line == f"1{'0' * 20}.00,17{'0' * 307}.00\n"


MOMENTS = [
    ("", "UTC", "2024-07-01T12:00:00.000005Z"), ("", "Asia/Kolkata", "2024-07-01T17:30:00.000005+05:30"),
    ("%H:%M:%S.%f", "", "12:00:00.000005"), ("%I:%M %p, %j", "Asia/Tokyo", "09:00 PM, 183"),
    ("%z", "Asia/Tokyo", "+0900"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "timezone", "shown"), MOMENTS)
def test_a_timestamp_is_shown_where_and_how_it_is_wanted(pattern: str, timezone: str, shown: str) -> None:
    options = {"columns": only("seen"), "timestamp": pattern, "timezone": timezone, "header": False}
    assert made("csv", SHOP.slice(0, 1), **options).decode().strip('\n"') == shown


def test_summer_time_goes_on_after_2037() -> None:
    table = pa.table(
        {"at": pa.array([datetime(year, 7, 1, tzinfo=UTC) for year in (2037, 2050, 9999)], pa.timestamp("us", "UTC"))}
    )
    assert made("csv", table, timezone="Europe/Berlin", timestamp="%Y %H %z", header=False).decode().split("\n")[
        :3
    ] == [f"{year} 02 +0200" for year in (2037, 2050, 9999)]
    assert made("jsonl", table, timezone="Europe/Berlin").decode().count("T02:00:00+02:00") == 3


def test_parts_of_a_second_before_1970_are_left_out_downwards() -> None:
    table = pa.table({"at": pa.array([datetime(1969, 12, 31, 23, 59, 59, 999_999)], pa.timestamp("us"))})
    assert made("csv", table, timestamp="%Y %S %z", header=False) == b"1969 59 \n"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_text_that_is_not_in_the_encoding_is_named(encoding: str) -> None:
    table = pa.table({"id": range(40_000), "name": ["ok"] * 39_999 + ["10 €"]})
    with pytest.raises(DataError, match=rf"row 40000, column `name`: '10 €' is not in {encoding}"):
        made("csv", table, encoding=encoding)
    with pytest.raises(DataError, match=r"row 0, column `€`"):
        made("csv", column("a", name="€"), encoding=encoding)


def test_latin_1_is_written_in_its_bytes() -> None:
    assert made("csv", column("ü"), encoding="latin-1") == b"name\n\xfc\n"


MISFITS = [
    ("csv", {"columns": only("id")}, "no column `id` to publish .*known are sku"),
    ("json", {"delimiter": ";"}, "`delimiter` is not for json"),
    ("xlsx", {"date": "%j"}, "`%j` is nothing that Excel shows"),
    ("tsv", {"null": "\t"}, "`null` is"),
]


@pytest.mark.parametrize(("form", "options", "message"), MISFITS)
def test_options_that_do_not_fit_are_refused(form: Format, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made(form, **options)


def test_every_option_is_for_some_format() -> None:
    assert set.union(*map(set, FITTING.values())) == set(Options.__slots__)
    assert set(FITTING) == set(FORMATS)


SUFFIXES = {
    ("csv", ""): (".csv", "text/csv; charset=utf-8"),
    ("tsv", "gzip"): (".tsv.gz", "application/gzip"),
    ("jsonl", ""): (".jsonl", "application/x-ndjson"),
    ("xlsx", ""): (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", ""): (".xml", "application/xml"),
}


@pytest.mark.parametrize(("kind", "named"), SUFFIXES.items())
def test_a_file_says_what_it_is(kind: tuple[Format, Any], named: tuple[str, str]) -> None:
    options = Options(compression=kind[1])
    assert (suffix(kind[0], options), media_type(kind[0], options)) == named


def test_json_has_floats_as_such_and_says_what_is_no_number() -> None:
    table = pa.table({"f": [1.0, -0.0, 1e22, float("nan"), float("inf"), -float("inf"), None]})
    lines = made("jsonl", table).decode().split()
    values = ["1.0", "-0.0", "1e+22", '"NaN"', '"Infinity"', '"-Infinity"', "null"]
    assert lines == [f'{{"f":{value}}}' for value in values]


def test_decimals_have_no_exponent() -> None:
    small = [Decimal(0), Decimal("1e-7"), Decimal("-1e-6")]
    for scale in (6, 7, 9):
        table = pa.table(
            {"d": pa.array([one.quantize(Decimal(1).scaleb(-scale)) for one in small], pa.decimal128(38, scale))}
        )
        lines = made("csv", table, header=False).decode().split()
        assert all("E" not in line.upper() and len(line.lstrip("-")) == scale + 2 for line in lines), lines


def broken() -> Iterator[pa.RecordBatch]:
    yield from SHOP.to_batches()
    raise DataError("the rows broke off")


@pytest.mark.parametrize("form", FORMATS)
def test_rows_that_break_off_are_told_as_they_are(form: Format) -> None:
    with pytest.raises(DataError, match=r"^the rows broke off$"):
        write(broken(), SHOP.schema, form, io.BytesIO())
    template = Template("t.xml", "<a>{% for row in rows %}{{ row.sku }}{% endfor %}</a>")
    with pytest.raises(DataError, match=r"^the rows broke off$"):
        write(broken(), SHOP.schema, "xml", io.BytesIO(), Options(template=template))
