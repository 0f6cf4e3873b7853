"""Files as a source: whole, exact, and complete only when read to their proper end."""

import base64
import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.files import FilesSource
from syncline import (
    ConfigError,
    DataError,
    DataModel,
    ModelSync,
    Read,
    SyncMode,
    Target,
    TransientError,
)
from syncline.conform import conform

PETS = DataModel("pets", pa.schema({"id": pa.int64(), "name": pa.string()}), ("id",))
REX = [{"id": 1, "name": "Rex"}, {"id": 2, "name": None}]


def read(
    folder: Path, origin: str, model: DataModel = PETS, **settings: object
) -> Iterator[tuple[str, list[object], bool]]:
    for batch in FilesSource(str(folder), **settings).read(Read(model, origin=origin)):  # type: ignore[arg-type]
        rows = [] if batch.rows is None else conform(batch.rows, model).rows.to_pylist()
        yield batch.part, rows, batch.complete


def rows(folder: Path, origin: str, model: DataModel = PETS, **settings: object) -> list[object]:
    """The rows of a file that must be complete."""
    batches = list(read(folder, origin, model, **settings))
    assert [complete for _, _, complete in batches] == [False] * (len(batches) - 1) + [True]
    return [row for _, batch, _ in batches for row in batch]


FILES: dict[str, bytes] = {
    "pets.csv": b"id,name\n1,Rex\n2,\n",
    "bom.csv": b"\xef\xbb\xbfid,name\r\n1,Rex\r\n2,\r\n",
    "no_end.csv": b"id,name\n1,Rex\n2,",
    "order.csv": b"name,extra,id\nRex,x,1\n,y,2\n",
    "pets.tsv": b"id\tname\n1\tRex\n2\t\n",
    "pets.csv.gz": gzip.compress(b"id,name\n1,Rex\n2,\n"),
    "pets.jsonl": b'{"id": 1, "name": "Rex", "extra": []}\n\n{"id": 2}\n',
    "pets.ndjson.gz": gzip.compress(b'{"id":1,"name":"Rex"}\n{"id":2,"name":null}'),
}


@pytest.mark.parametrize("name", FILES)
def test_each_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    assert rows(tmp_path, name) == REX


def test_parquet_gives_its_rows(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([row | {"extra": 1} for row in REX]), tmp_path / "pets.parquet")
    assert rows(tmp_path, "pets.parquet") == REX
    assert FilesSource(str(tmp_path)).columns("pets.parquet").names == ["id", "name", "extra"]


BROKEN: dict[str, tuple[bytes, str]] = {
    "short.csv": (b'id,name\n1,"R\nex"\n2\n3,Tom\n', r"short.csv:4.*1 values.*header has 2"),
    "long.csv": (b"id,name\n1,Rex,x\n", r"long.csv:2.*3 values"),
    "quote.csv": (b'id,name\n1,Rex\n2,"To', "quote.csv: the file ends within a quoted value"),
    "quote_middle.csv": (b'id,name\n1,"Rex\n2,Tom\n', "quote_middle.csv: the file ends within a quoted value"),
    "empty.csv": (b"", "empty.csv: the file is empty"),
    "cut.csv.gz": (
        gzip.compress(base64.b64encode(os.urandom(3000)).join([b"id,name\n1,", b"\n"]))[:-9],
        "cut.csv.gz.*cut off",
    ),
    "empty.csv.gz": (b"", "empty.csv.gz: the file is empty"),
    "empty.jsonl.gz": (b"", "empty.jsonl.gz: the file is empty"),
    "cut.jsonl": (b'{"id": 1, "name": "Rex"}\n{"id": 2, "na', r"cut.jsonl:2: the line is not JSON.*cut off"),
    "doubled.jsonl": (b'{"id": 1, "id": 2}', r"doubled.jsonl:1.*stands twice"),
    "list.jsonl": (b"[1]\n", r"list.jsonl:1: the line is not a JSON object"),
    "cut.jsonl.gz": (gzip.compress(b'{"id": 1}\n' * 99)[:-9], r"cut.jsonl.gz.*cut off"),
    "wide.csv": (b"id," + b"n" * 200_000 + b"\n", r"wide.csv.*the header cannot be read"),
    "latin.jsonl": (b'{"id": 1, "name": "\xfc"}', "latin.jsonl: the file is not utf-8"),
    "text.parquet": (b"id,name\n", "text.parquet: the file cannot be read to its end"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_and_never_complete(tmp_path: Path, name: str) -> None:
    content, message = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    seen = []
    with pytest.raises(DataError, match=message):
        seen.extend(complete for _, _, complete in read(tmp_path, name))
    assert not any(seen)


def test_a_parquet_file_cut_off_is_never_complete(tmp_path: Path) -> None:
    path = tmp_path / "pets.parquet"
    pq.write_table(pa.table({"id": range(1000), "name": ["x"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"pets.parquet.*cut off"):
        rows(tmp_path, "pets.parquet")


def test_a_column_that_some_json_lines_lack_is_null_there_and_one_that_all_lack_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pets.jsonl").write_text('{"id": 1}\n{"id": 2, "name": "Tom"}\n')
    assert rows(tmp_path, "pets.jsonl") == [{"id": 1, "name": None}, {"id": 2, "name": "Tom"}]
    (tmp_path / "pets.jsonl").write_text('{"id": 1, "nam": 1}\n')
    with pytest.raises(ConfigError, match=r"no row has a column `name` \(they have id, nam\)"):
        rows(tmp_path, "pets.jsonl")


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "pets.csv"
    path.write_text("id,name\n" + "1,x\n" * 70_000)
    batches = read(tmp_path, "pets.csv")
    assert not next(batches)[2]
    with path.open("a") as file:
        file.write("2,y\n")
    with pytest.raises(TransientError, match="changed"):
        list(batches)


def test_each_file_of_a_pattern_is_a_part(tmp_path: Path) -> None:
    (tmp_path / "2024").mkdir()
    (tmp_path / "2024" / "b.csv").write_text("id,name\n2,\n")
    (tmp_path / "2024" / "a.jsonl").write_text('{"id": 1, "name": "Rex"}')
    (tmp_path / "2024" / ".c.csv").write_text("half")
    assert list(read(tmp_path, "2024/*")) == [("2024/a.jsonl", [REX[0]], True), ("2024/b.csv", [REX[1]], True)]


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path: Path) -> None:
    (tmp_path / "pets[1].csv").write_bytes(FILES["pets.csv"])
    assert rows(tmp_path, "pets[1].csv") == REX


def test_only_a_header_is_no_rows_and_complete(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_text("id,name\n")
    assert list(read(tmp_path, "pets.csv")) == [("pets.csv", [], True)]
    (tmp_path / "pets.jsonl").write_text("")
    assert list(read(tmp_path, "pets.jsonl")) == [("pets.jsonl", [], True)]


def test_batches_are_small_and_only_the_last_says_complete(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_text("id,name\n" + "".join(f"{number},x\n" for number in range(200_000)))
    batches = list(read(tmp_path, "pets.csv"))
    assert max(len(batch) for _, batch, _ in batches) <= 65_536
    assert [row["id"] for _, batch, _ in batches for row in batch] == list(range(200_000))  # type: ignore[index,call-overload]
    assert [complete for _, _, complete in batches][-2:] == [False, True]


def test_quoted_text_keeps_newlines_quotes_and_emptiness(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_bytes(b'id,name\n1,"a ""b"",\r\nc"\n2,""\n3, x \n')
    assert [row["name"] for row in rows(tmp_path, "pets.csv")] == ['a "b",\r\nc', "", " x "]  # type: ignore[index,call-overload]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252", "utf-8-sig"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "pets.csv").write_bytes('id;name\n1;"Grüß; dich"\n'.encode(encoding))
    (tmp_path / "pets.jsonl").write_bytes('{"id": 1, "name": "Grüß; dich"}\n'.encode(encoding))
    expected = [{"id": 1, "name": "Grüß; dich"}]
    assert rows(tmp_path, "pets.csv", encoding=encoding, delimiter=";") == expected
    assert rows(tmp_path, "pets.jsonl", encoding=encoding) == expected


def test_a_value_that_is_no_text_rejects_its_row_only(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_bytes(b"id,name\n1,\xff\n2,Tom\n")
    assert rows(tmp_path, "pets.csv") == [{"id": 2, "name": "Tom"}]


def test_null_values_are_a_setting(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_text('id,name\n1,NULL\n2,"NULL"\n3,\n')
    found = rows(tmp_path, "pets.csv", null_values=("NULL",))
    assert [row["name"] for row in found] == [None, "NULL", ""]  # type: ignore[index,call-overload]


def test_numbers_of_json_lines_keep_every_digit(tmp_path: Path) -> None:
    model = DataModel("n", pa.schema({"id": pa.int64(), "d": pa.decimal128(38, 20), "t": pa.string()}), ("id",))
    line = '{"id": 9007199254740993, "d": 123456789.12345678901234567890, "t": {"x": [1.10, "é"]}}'
    (tmp_path / "n.jsonl").write_text(line)
    assert rows(tmp_path, "n.jsonl", model) == [
        {"id": 2**53 + 1, "d": Decimal("123456789.12345678901234567890"), "t": '{"x":[1.10,"é"]}'}
    ]


def test_columns_are_told_where_the_file_tells_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,x\n")
    lines = '{"i": 1, "f": 1.5, "b": true, "t": "x", "m": 1, "n": null}\n{"i": 2, "f": 1, "m": "x", "big": 1e3}\n'
    (tmp_path / "a.jsonl").write_text(lines + f'{{"huge": {2**64}}}')
    source = FilesSource(str(tmp_path))
    assert source.columns("a.csv") == pa.schema({"id": pa.string(), "name": pa.string()})
    kinds = [pa.int64(), pa.float64(), pa.bool_(), pa.string(), pa.string(), pa.string(), pa.float64(), pa.string()]
    assert source.columns("a.jsonl") == pa.schema(
        list(zip(["i", "f", "b", "t", "m", "n", "big", "huge"], kinds, strict=True))
    )


def test_a_model_with_a_key_needs_no_columns_and_without_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_text("id,name\n1,x\n")
    source = FilesSource(str(tmp_path))
    assert ModelSync("pets", "pets.csv", Target("pets"), key=("id",)).model(source).schema.names == ["id", "name"]
    with pytest.raises(ConfigError, match=r"declare `key:`"):
        ModelSync("pets", "pets.csv", Target("pets")).model(source)


@pytest.mark.parametrize("origin", ["../secret.csv", "a/../../x", "/etc/passwd", "C:\\x.csv", "..\\x", ""])
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, origin: str) -> None:
    with pytest.raises(ConfigError, match="not a file in the folder"):
        rows(tmp_path, origin)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("id,name\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "pets.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ConfigError, match="leads out"):
        rows(tmp_path / "in", "pets.csv")


def test_what_is_missing_is_told_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_text("id,nam\n")
    with pytest.raises(ConfigError, match=r"no file `pet.csv`.*there are pets.csv"):
        rows(tmp_path, "pet.csv")
    with pytest.raises(ConfigError, match=r"pets.csv: there is no column `name` \(columns: id, nam\)"):
        rows(tmp_path, "pets.csv")
    with pytest.raises(ConfigError, match="no folder"):
        FilesSource(str(tmp_path / "none")).check()
    (tmp_path / "pets.xls").write_text("")
    with pytest.raises(ConfigError, match=r"no known format.*csv, tsv, jsonl, parquet"):
        rows(tmp_path, "pets.xls")


def test_a_doubled_column_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_text("id,name,id\n")
    with pytest.raises(ConfigError, match=r"pets.csv:1: the column `id` stands twice"):
        rows(tmp_path, "pets.csv")


@pytest.mark.parametrize("settings", [{"format": "xls"}, {"delimiter": ";;"}, {"encoding": "klingon"}])
def test_settings_without_meaning_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        FilesSource("x", **settings)  # type: ignore[arg-type]


def test_the_format_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "pets.dat").write_bytes(FILES["pets.tsv"])
    assert rows(tmp_path, "pets.dat", format="tsv") == REX


def test_files_are_not_read_from_a_date(tmp_path: Path) -> None:
    request = Read(PETS, SyncMode.FROM_DATE, "pets.csv", from_date=datetime(2024, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigError, match="from a date"):
        list(FilesSource(str(tmp_path)).read(request))


@pytest.mark.parametrize(("name", "mark"), [("pets.csv", ";"), ("pets.csv", "\t"), ("pets.tsv", ",")])
def test_a_header_with_another_delimiter_says_which_one_to_set(tmp_path: Path, name: str, mark: str) -> None:
    (tmp_path / name).write_text(f"id{mark}name\n1{mark}Rex\n")
    hint = f"set `delimiter: {json.dumps(mark)}`"
    with pytest.raises(ConfigError) as looked:
        FilesSource(str(tmp_path)).columns(name)
    with pytest.raises(ConfigError) as ran:
        rows(tmp_path, name)
    assert hint in str(looked.value)
    assert hint in str(ran.value)
    assert rows(tmp_path, name, delimiter=mark) == [{"id": 1, "name": "Rex"}]


def test_a_header_of_one_name_is_one_where_the_delimiter_is_said(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("a;b\n1\n")
    found = FilesSource(str(tmp_path), delimiter=",").columns("odd.csv")
    assert found is not None
    assert found.names == ["a;b"]


def test_a_name_with_blanks_in_the_header_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "pets.csv").write_text("id, name\n1,Rex\n")
    with pytest.raises(ConfigError, match="write ` name` in quotes"):
        rows(tmp_path, "pets.csv")
