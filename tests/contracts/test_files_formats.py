"""Each format of files holds the contract of a source."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.files import FilesSource
from syncline import DataError, Source, TransientError, export
from syncline.testing import source as contract
from syncline.testing.source import Row, SourceContract


class OneFile(SourceContract):
    """The contract, for each format; a file has no cursor."""

    has_cursor = False

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return FilesSource(str(tmp_path))

    def fill(self, source: Source, rows: Sequence[Row]) -> None:
        assert isinstance(source, FilesSource)
        table = pa.Table.from_pylist(list(rows), contract.PETS.schema)
        form = self.origin.rpartition(".")[2]
        with (Path(source.folder) / self.origin).open("wb") as file:
            export.write(table.to_batches(), table.schema, form, file)  # type: ignore[arg-type]

    def test_a_row_written_while_the_source_is_read_comes_with_the_next_read(self, source: Source) -> None:
        rows = [contract.pet(number, 1) for number in range(100_000)]
        self.fill(source, rows)
        batches = source.read(self.request())
        next(batches)
        self.fill(source, [*rows, contract.pet(100_000, 1)])
        with pytest.raises((TransientError, DataError)):
            list(batches)
        assert len(self.reading(source).rows) == 100_001


class TestCsv(OneFile):
    origin = "pets.csv"


class TestJsonLines(OneFile):
    origin = "pets.jsonl"


class TestParquet(OneFile):
    origin = "pets.parquet"
