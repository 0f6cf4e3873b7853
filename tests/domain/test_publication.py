"""Published files: each value in its form, versions that never change, a `latest` that is always whole (R27)."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from syncline.errors import DataError
from syncline.publication import Publication
from syncline.publication.feed import Feed
from syncline.publication.folder import Folder

# ruff: noqa: DTZ001 - timestamps without a time zone are among what is tested

NUMBERS = pa.schema({"id": pa.int64()})
CSV = Publication("csv")


def numbers(*ids: int) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pydict({"id": list(ids)}, NUMBERS)


def feed(folder: Path, publication: Publication = CSV) -> Feed:
    return Feed(publication, Folder(folder), "NUMBERS")


def publish(
    rows: Iterable[pa.RecordBatch], schema: pa.Schema, publication: Publication, folder: Path, plan: str
) -> Path:
    """A version, whatever the checks say."""
    made = feed(folder, publication)
    version = made.publish(lambda: rows, schema, plan, lambda *_: None, force=True)
    return folder / made.file(version)


def prune(folder: Path, keep: int = 30, publication: Publication = CSV) -> list[str]:
    return feed(folder, replace(publication, keep=keep)).prune()


ALL = pa.table(
    {
        "id": pa.array([1, 2]),
        'na"me': pa.array(['say "hi",\r\nü🎵\\', ""]),
        "empty": pa.array([None, " x"], pa.string()),
        "d": pa.array([Decimal("1.50"), Decimal("-0.12")], pa.decimal128(38, 2)),
        "small": pa.array([Decimal("0.00000012"), None], pa.decimal128(38, 8)),
        "f": pa.array([0.1, math.nan]),
        "g": pa.array([1e22, -math.inf]),
        "h": pa.array([0.1, None], pa.float32()),
        "b": pa.array([True, None]),
        "ts": pa.array([datetime(2024, 2, 29, 12), datetime(2024, 2, 29, 12, 0, 0, 5)], pa.timestamp("us")),
        "tz": pa.array([datetime(2024, 2, 29, 12, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
        "day": pa.array([date(2024, 2, 29), None]),
        "at": pa.array([clock(5, 6), None], pa.time64("us")),
        "raw": pa.array([b"\x00\xff", None]),
    }
)


def test_csv_has_each_value_in_its_form(tmp_path: Path) -> None:
    path = publish(ALL.to_batches(), ALL.schema, CSV, tmp_path, "1")
    noon = "2024-02-29T12:00:00"
    assert path.read_bytes().decode().replace("\r\nü", "|ü").split("\n") == [
        'id,"na""me",empty,d,small,f,g,h,b,ts,tz,day,at,raw',
        f'1,"say ""hi"",|ü🎵\\",,1.50,0.00000012,0.1,1e+22,0.1,true,{noon},{noon}Z,2024-02-29,05:06:00,AP8=',
        '2,"", x,-0.12,,nan,-inf,,,2024-02-29T12:00:00.000005,,,,',
        "",
    ]
    with path.open(encoding="utf-8", newline="") as file:
        assert [row[:2] for row in csv.reader(file)] == [["id", 'na"me'], ["1", 'say "hi",\r\nü🎵\\'], ["2", ""]]


def test_json_lines_have_each_value_in_its_form(tmp_path: Path) -> None:
    path = publish(ALL.to_batches(), ALL.schema, Publication("jsonl"), tmp_path, "1")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert '"d":1.50,"small":0.00000012,"f":0.1,"g":1e+22,"h":0.1,"b":true,' in lines[0]
    first, second = (json.loads(line) for line in lines)
    assert first['na"me'] == 'say "hi",\r\nü🎵\\'
    assert (first["ts"], first["tz"], first["raw"]) == ("2024-02-29T12:00:00", "2024-02-29T12:00:00Z", "AP8=")
    assert (second["f"], second["g"], second["small"], second['na"me']) == ("NaN", "-Infinity", None, "")


def test_parquet_has_the_very_rows(tmp_path: Path) -> None:
    table = ALL.select(["id", 'na"me', "d", "tz"])
    path = publish(table.to_batches(), table.schema, Publication("parquet"), tmp_path, "1")
    assert pq.read_table(path).equals(table)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_no_rows_make_a_file_too(tmp_path: Path, form: str) -> None:
    publication = Publication(form)  # type: ignore[arg-type]
    publish(iter(()), NUMBERS, publication, tmp_path, "1")
    content = {"csv": b"id\n", "jsonl": b""}
    latest = tmp_path / f"latest.{form}"
    assert pq.read_table(latest).schema == NUMBERS if form == "parquet" else latest.read_bytes() == content[form]


def test_latest_is_a_relative_link_so_that_the_folder_may_move(tmp_path: Path) -> None:
    publish(numbers(1), NUMBERS, CSV, tmp_path / "a", "1")
    (tmp_path / "a").rename(tmp_path / "b")
    assert (tmp_path / "b" / "latest.csv").read_text() == "id\n1\n"


def test_a_version_never_changes(tmp_path: Path) -> None:
    publish(numbers(1), NUMBERS, CSV, tmp_path, "1")
    assert publish(numbers(2), NUMBERS, CSV, tmp_path, "1").read_text() == "id\n1\n"


def test_latest_only_moves_forward(tmp_path: Path) -> None:
    publish(numbers(2), NUMBERS, CSV, tmp_path, "2")
    assert publish(numbers(1), NUMBERS, CSV, tmp_path, "1").read_text() == "id\n1\n"
    assert (tmp_path / "latest.csv").read_text() == "id\n2\n"


def test_a_version_written_before_a_crash_becomes_latest(tmp_path: Path) -> None:
    publish(numbers(1), NUMBERS, CSV, tmp_path, "1")
    (tmp_path / "versions" / "2.csv").write_text("id\n2\n")
    publish(numbers(2), NUMBERS, CSV, tmp_path, "2")
    assert (tmp_path / "latest.csv").read_text() == "id\n2\n"


def test_a_source_that_breaks_off_leaves_latest_as_it_was(tmp_path: Path) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from numbers(2)
        raise DataError("gone")

    publish(numbers(1), NUMBERS, CSV, tmp_path, "1")
    with pytest.raises(DataError, match="gone"):
        publish(broken(), NUMBERS, CSV, tmp_path, "2")
    assert (tmp_path / "latest.csv").read_text() == "id\n1\n"
    assert [path.name for path in (tmp_path / "versions").iterdir()] == ["1.csv"]


KILLED = """
import os, signal, sys
from pathlib import Path
import pyarrow as pa
from syncline.publication import Publication
from syncline.publication.feed import Feed
from syncline.publication.folder import Folder
schema = pa.schema({"id": pa.int64()})
def rows():
    yield pa.RecordBatch.from_pydict({"id": list(range(50_000))}, schema)
    os.kill(os.getpid(), signal.SIGKILL)
feed = Feed(Publication("csv"), Folder(Path(sys.argv[1])), "NUMBERS")
feed.publish(rows, schema, "2", lambda *_: None, force=True)
"""


def test_a_kill_in_the_middle_leaves_latest_whole_and_the_rest_is_swept_later(tmp_path: Path) -> None:
    publish(numbers(1), NUMBERS, CSV, tmp_path, "1")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "latest.csv").read_text() == "id\n1\n"
    (left,) = tmp_path.glob(".draft*")
    prune(tmp_path)
    assert left.exists()
    os.utime(left, (time.time() - 100_000,) * 2)
    prune(tmp_path)
    assert not left.exists()
    publish(numbers(2), NUMBERS, CSV, tmp_path, "2")
    assert (tmp_path / "latest.csv").read_text() == "id\n2\n"


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    rows = 2_000
    publish(numbers(*[0] * rows), NUMBERS, CSV, tmp_path, "000")
    done = threading.Event()
    seen: list[list[str]] = []

    def poll() -> None:
        while not done.is_set():
            seen.append((tmp_path / "latest.csv").read_text().split("\n"))

    reader = threading.Thread(target=poll)
    reader.start()
    for version in range(1, 100):
        publish(numbers(*[version] * rows), NUMBERS, CSV, tmp_path, f"{version:03}")
    done.set()
    reader.join()
    assert all(len(lines) == rows + 2 and len(set(lines[1:-1])) == 1 for lines in seen)
    versions = [int(lines[1]) for lines in seen]
    assert versions == sorted(versions)


def test_prune_keeps_the_newest_and_what_latest_points_to(tmp_path: Path) -> None:
    for version in range(5):
        publish(numbers(version), NUMBERS, CSV, tmp_path, str(version))
        publish(numbers(version), NUMBERS, Publication("jsonl"), tmp_path, str(version))
    (tmp_path / "latest.csv").unlink()
    (tmp_path / "latest.csv").symlink_to("versions/1.csv")
    assert prune(tmp_path, 2) == ["0", "2"]
    assert prune(tmp_path, 2, Publication("jsonl")) == ["0", "1", "2"]
    assert sorted(path.name for path in (tmp_path / "versions").iterdir()) == [
        "1.csv",
        "3.csv",
        "3.jsonl",
        "4.csv",
        "4.jsonl",
    ]
    prune(tmp_path, 0)
    prune(tmp_path, 0, Publication("jsonl"))
    assert sorted(path.name for path in (tmp_path / "versions").iterdir()) == ["1.csv", "4.jsonl"]


def test_a_disk_that_cannot_take_it_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "versions").write_text("not a folder")
    with pytest.raises(DataError, match="cannot be published: Not a directory"):
        publish(numbers(1), NUMBERS, CSV, tmp_path, "1")


def test_a_model_with_a_strange_name_stays_in_the_folder(tmp_path: Path) -> None:
    assert publish(numbers(1), NUMBERS, CSV, tmp_path, "1-../../x").parent == tmp_path / "versions"
