"""Files that want more memory than there is: small ones that unpack to huge lines, and long rows."""

import gzip
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from syncline import DataError
from tests.contracts.test_files_source import read, rows


@pytest.mark.parametrize(
    ("name", "begins"), [("pets.csv.gz", b"id,name\n1,"), ("pets.jsonl.gz", b'{"id": 1, "name": "')]
)
def test_a_small_file_that_unpacks_to_a_huge_line_takes_little_memory(tmp_path: Path, name: str, begins: bytes) -> None:
    with gzip.open(tmp_path / name, "wb", 1) as file:
        file.write(begins)
        file.writelines([b"x" * 1_000_000] * 120)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"pets.*longer than 8 MB"):
            rows(tmp_path, name)
        assert tracemalloc.get_traced_memory()[1] < 110_000_000  # the line alone has more
    finally:
        tracemalloc.stop()


def test_long_rows_come_a_few_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "pets.jsonl").write_text(f'{{"id": 1, "name": "{"x" * 3_000_000}"}}\n' * 7)
    counted = [len(found) for _, found, _ in read(tmp_path, "pets.jsonl")]
    assert (sum(counted), max(counted)) == (7, 3)


def test_long_rows_of_a_parquet_file_come_a_few_at_a_time(tmp_path: Path) -> None:
    names = pa.array([f"{number}{'x' * 100_000}" for number in range(1000)])
    pq.write_table(pa.table({"id": range(1000), "name": names}), tmp_path / "pets.parquet")
    counted = [len(found) for _, found, _ in read(tmp_path, "pets.parquet")]
    assert (sum(counted), max(counted) < 700) == (1000, True)
