"""Whatever was written is read again, by readers that know nothing of us."""

import csv
import gzip
import io
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncline.errors import DataError
from syncline.export import Format, Options, write

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KINDS = {
    "int": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "text": (pa.string(), TEXT | st.sampled_from(["007", "=1+1", "a\r\nb", "\t", "NULL", "<r>&</r>", "_x0041_", '"'])),
    "float": (pa.float64(), st.floats()),
    "decimal": (pa.decimal128(38, 9), st.decimals(-(10**28), 10**28, places=9)),
    "truth": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates()),
    "at": (pa.time64("us"), st.times()),
    "moment": (pa.timestamp("us"), st.datetimes()),
    "instant": (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
    "raw": (pa.binary(), st.binary()),
}
SCHEMA = pa.schema([(name, kind) for name, (kind, _) in KINDS.items()])
NOTHING = dict.fromkeys(KINDS)
ROWS = st.lists(st.fixed_dictionaries({name: values | st.none() for name, (_, values) in KINDS.items()}), max_size=5)
Row = dict[str, Any]
MARKS = st.sampled_from([(",", '"'), (";", '"'), ("|", "'"), ("\t", '"'), ("0", "-"), ("ü", "é"), (" ", "\\")])
NULL = "<null>"
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def written(rows: list[Row], form: Format, options: Options | None = None, schema: pa.Schema = SCHEMA) -> bytes:
    table = pa.Table.from_pylist(rows, schema)
    file = io.BytesIO()
    write(table.to_batches(max_chunksize=2), schema, form, file, options or Options())
    return file.getvalue()


def seen(rows: Iterable[Iterable[object]]) -> list[list[object]]:
    return [list(map(plain, row)) for row in rows]


def values(row: Row) -> list[object]:
    return [row[name] for name in KINDS]


def plain(value: object) -> object:
    """In a form in which NaN is itself, minus nought is not nought, and 1.0 is 1.00."""
    if isinstance(value, Decimal):
        return Fraction(value)
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, datetime | clock) else repr(value)


def parsed(name: str, text: str | None) -> object:
    """What a text of ours stands for."""
    read: dict[str, Callable[[str], object]] = {
        "int": int,
        "text": str,
        "float": float,
        "decimal": Decimal,
        "truth": {"true": True, "false": False}.__getitem__,
        "day": date.fromisoformat,
        "at": lambda value: datetime.fromisoformat(f"2000-01-01T{value}").time(),
        "moment": datetime.fromisoformat,
        "instant": datetime.fromisoformat,
        "raw": lambda value: b64decode(value, validate=True),
    }
    return None if text is None else read[name](text)


@given(ROWS, MARKS, st.sampled_from(["lf", "crlf"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]))
def test_csv_is_read_again_by_pythons_reader(rows: list[Row], marks: tuple[str, str], end: Any, encoding: str) -> None:
    delimiter, quote = marks
    options = Options(delimiter=delimiter, quote=quote, line_ending=end, encoding=encoding, null=NULL)
    text = written(rows, "csv", options).decode(encoding)
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote))
    assert lines[0] == SCHEMA.names
    cells = [[None if cell == NULL else cell for cell in line] for line in lines[1:]]
    again = [[parsed(name, cell) for name, cell in zip(KINDS, line, strict=True)] for line in cells]
    assert seen(again) == seen(map(values, rows))


@given(st.lists(st.none() | TEXT, max_size=5))
def test_tsv_is_read_again_by_pandas(texts: list[str | None]) -> None:
    schema = pa.schema({"a": pa.string(), "b": pa.int64()})
    content = written([{"a": text, "b": 1} for text in texts if text != ""], "tsv", schema=schema)
    read = pd.read_csv(io.BytesIO(content), sep="\t", dtype="str", na_values=[""], keep_default_na=False)
    assert [None if pd.isna(value) else value for value in read["a"]] == [text for text in texts if text != ""]


@given(st.lists(st.none() | TEXT, max_size=5))
def test_a_column_alone_loses_no_row(texts: list[str | None]) -> None:
    content = written([{"a": text} for text in texts], "csv", schema=pa.schema({"a": pa.string()}))
    lines = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert [line[0] for line in lines[1:]] == [text or "" for text in texts]


@given(ROWS)
def test_json_is_one_array_and_json_lines_are_its_items(rows: list[Row]) -> None:
    read = json.loads(written(rows, "json"), parse_float=Decimal)
    lines = written(rows, "jsonl").decode().split("\n")
    assert [json.loads(line, parse_float=Decimal) for line in lines[:-1]] == read
    for row in read:
        row["float"] = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}.get(
            row["float"], None if row["float"] is None else float(row["float"])
        )
        row |= {name: parsed(name, row[name]) for name in ("day", "at", "moment", "instant", "raw")}
        row["decimal"] = None if row["decimal"] is None else Decimal(row["decimal"])
    assert seen(map(values, read)) == seen(map(values, rows))


@given(ROWS)
def test_parquet_is_read_again(rows: list[Row]) -> None:
    read = pq.read_table(io.BytesIO(written(rows, "parquet"))).to_pylist()
    assert seen(map(values, read)) == seen(map(values, rows))


FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@example([NOTHING | {"text": "a\r\nb\rc]]>"}, NOTHING | {"text": ""}, NOTHING])
@given(ROWS)
def test_xml_is_read_again_or_the_row_is_named(rows: list[Row]) -> None:
    bad = [number for number, row in enumerate(rows, 1) if row["text"] and FORBIDDEN.search(row["text"])]
    if bad:
        with pytest.raises(DataError, match=f"row {bad[0]}, column `text`: .* XML"):
            written(rows, "xml")
        return
    root = ET.fromstring(written(rows, "xml"))
    again = [[parsed(name, text_of(row.find(name))) for name in KINDS] for row in root]
    assert seen(again) == seen(map(values, rows))


def text_of(element: ET.Element | None) -> str | None:
    return None if element is None else element.text or ""


@example("_x0041_")
@example("1st name")
@given(st.text(min_size=1).filter(str.isprintable))
def test_any_name_of_a_column_can_be_an_element(name: str) -> None:
    (row,) = ET.fromstring(written([{name: 1}], "xml", schema=pa.schema({name: pa.int64()})))
    assert re.sub("_x([0-9A-F]{4,6})_", lambda found: chr(int(found[1], 16)), row[0].tag) == name


@example([NOTHING | {"text": "<r>a</r>"}, NOTHING | {"text": "<r><t>&\n</r>"}, NOTHING | {"text": "x" * 32767}])
@example([NOTHING | {"float": 1.7976931348623157e308}, NOTHING | {"float": 5e-324}])
@settings(max_examples=50)
@given(ROWS)
def test_xlsx_is_read_again_as_excel_would(rows: list[Row]) -> None:
    if any(row["text"] and re.search("[\ufffe\uffff]", row["text"]) for row in rows):
        return
    sheet = openpyxl.load_workbook(io.BytesIO(written(rows, "xlsx", Options(timezone="Europe/Berlin")))).active
    lines = [dict(zip(KINDS, line, strict=True)) for line in sheet.iter_rows(values_only=True)]
    assert list(lines[0].values()) == SCHEMA.names
    for row, line in zip(rows, lines[1:], strict=True):
        for name, value in row.items():
            assert is_shown(value, line[name]), (name, value, line[name])


def is_shown(value: Any, cell: Any) -> bool:
    """Texts for what Excel has no numbers or dates for; floats to 15 digits, moments to the millisecond."""
    if value is None or isinstance(value, bool):
        return cell is value
    if isinstance(value, str):
        return unescaped(cell) == value
    if isinstance(value, bytes):
        return parsed("raw", cell) == value
    if isinstance(value, int | Decimal):
        return Decimal(cell if isinstance(cell, str) else repr(cell)) == value
    if isinstance(value, float):
        return repr(float(cell)) == repr(value) if isinstance(cell, str) else cell == pytest.approx(value, 1e-14, 0)
    return is_moment(value, cell)


def is_moment(value: Any, cell: Any) -> bool:
    if isinstance(cell, str):
        read: Any = parsed("day" if type(value) is date else "instant", cell)
        return abs(read - value) < timedelta(minutes=1)  # an offset has no seconds, but Berlin's had some until 1893
    apart = abs(moment(value) - moment(cell)) % DAY
    return min(apart, DAY - apart) <= timedelta(milliseconds=1)


def moment(value: Any) -> datetime:
    """On the clock of Berlin; a time of day is one of some day."""
    if isinstance(value, clock):
        return datetime.combine(date(1900, 1, 1), value)
    if not isinstance(value, datetime):
        return datetime.combine(value, clock.min)
    return value.astimezone(BERLIN).replace(tzinfo=None) if value.tzinfo else value


def unescaped(text: str) -> str:
    """As the specification of Office's XML says; the library that reads does not."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl", "xml"])
def test_what_is_packed_is_the_same_and_bears_no_time(form: Format) -> None:
    rows = [NOTHING | {"int": 1, "text": "ü"}]
    packed = written(rows, form, Options(compression="gzip"))
    assert gzip.decompress(packed) == written(rows, form)
    assert packed[4:8] == b"\0\0\0\0"
