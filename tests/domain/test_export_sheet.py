"""Sheets for Excel: what it cannot hold is a text, or refused by name; nothing is ever a formula."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from syncline.errors import ConfigError, DataError
from syncline.export import Options, write, xlsx


def sheet(table: pa.Table, **options: Any) -> Any:
    file = io.BytesIO()
    write(table.to_batches(), table.schema, "xlsx", file, Options(**options))
    return openpyxl.load_workbook(file).active


def cells(table: pa.Table, **options: Any) -> list[Any]:
    return [cell.value for cell in next(sheet(table, **options).columns)[1:]]


def test_a_text_is_never_a_formula_or_a_link() -> None:
    texts = ["=1+1", "{=1}", "https://example.org", "<r><t>a</t></r>", "<r>&", "007", " x "]
    found = next(sheet(pa.table({"t": texts})).columns)[1:]
    assert [(cell.value, cell.data_type, cell.hyperlink) for cell in found] == [(text, "s", None) for text in texts]


def test_numbers_that_excel_would_round_are_texts() -> None:
    whole = [10**15 - 1, -(10**15) + 1, 10**15, 0, -(2**63)]
    assert cells(pa.table({"n": whole})) == [10**15 - 1, -(10**15) + 1, "1000000000000000", 0, str(-(2**63))]
    parts = [Decimal("1234567890123.45"), Decimal("12345678901234.56"), Decimal("12345678901230.00"), Decimal("-0.10")]
    wanted = [1234567890123.45, "12345678901234.56", 12345678901230, -0.1]
    assert cells(pa.table({"n": pa.array(parts, pa.decimal128(20, 2))})) == wanted
    floats = [0.1, float("nan"), float("-inf"), 1e308]
    assert cells(pa.table({"n": floats})) == [0.1, "nan", "-inf", "1e+308"]
    assert cells(pa.table({"n": pa.array([0.1, float("inf")], pa.float32())})) == [0.1, "inf"]


def test_days_that_excel_does_not_know_are_texts() -> None:
    days = [date(1899, 12, 31), date(1900, 2, 28), date(1900, 3, 1), date(9999, 12, 31)]
    found = cells(pa.table({"d": days}), date="%d.%m.%Y")
    assert found[:2] == ["31.12.1899", "28.02.1900"]
    assert [moment.date() for moment in found[2:]] == days[2:]


def test_dates_and_numbers_look_as_wanted() -> None:
    table = pa.table({"d": [date(2024, 2, 29)], "f": [1.5]})
    found = sheet(table, date="%d.%m.%Y", digits=2, sheet="Preise")
    assert (found.title, found["A2"].number_format, found["B2"].number_format) == ("Preise", r"dd\.mm\.yyyy", "0.00")


def test_a_text_too_long_for_a_cell_is_named() -> None:
    assert cells(pa.table({"t": ["x" * 32_767]})) == ["x" * 32_767]
    for text in ("x" * 32_768, "🎵" * 16_384):
        with pytest.raises(DataError, match=r"row 2, column `t`: .* is longer than the 32,767"):
            cells(pa.table({"t": ["", text]}))
    with pytest.raises(DataError, match=r"row 1, column `t`: .* has a character"):
        cells(pa.table({"t": ["\uffff"]}))


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 4)
    assert len(cells(pa.table({"n": range(3)}))) == 3
    assert len(list(sheet(pa.table({"n": range(4)}), header=False).rows)) == 4
    with pytest.raises(DataError, match="a sheet of Excel has 4 rows"):
        cells(pa.table({"n": range(4)}))


def test_more_columns_than_a_sheet_has_are_refused() -> None:
    table = pa.table({f"c{number}": [1] for number in range(16_385)})
    with pytest.raises(DataError, match="16384 columns, these are 16385"):
        sheet(table)


@pytest.mark.parametrize("name", ["", "a/b", "x" * 32, "'a"])
def test_a_name_that_no_sheet_can_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a sheet"):
        Options(sheet=name)


def test_a_sheet_that_breaks_off_leaves_nothing_behind(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(DataError):
        cells(pa.table({"t": ["\uffff"]}))
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_says_not_when_it_was_made() -> None:
    file = io.BytesIO()
    write((), pa.schema({"n": pa.int64()}), "xlsx", file)
    assert b"2000-01-01T00:00:00Z</dcterms:created>" in zipfile.ZipFile(file).read("docProps/core.xml")
    assert {info.date_time[0] for info in zipfile.ZipFile(file).infolist()} == {1980}
