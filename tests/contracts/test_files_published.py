"""What is published can be read again as it was."""

from datetime import UTC
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.files import FilesSource
from syncline import DataModel, Read
from syncline.conform import conform
from syncline.export import Format, write

KINDS = {
    "int": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "text": (pa.string(), st.text(st.characters(exclude_categories=["Cs"]))),
    "float": (pa.float64(), st.floats()),
    "narrow": (pa.float32(), st.floats(width=32)),
    "decimal": (pa.decimal128(38, 18), st.decimals(-(10**19), 10**19, places=18)),
    "truth": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates()),
    "at": (pa.time64("us"), st.times()),
    "moment": (pa.timestamp("us"), st.datetimes()),
    "instant": (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
}
EVERY = DataModel(
    "every", pa.schema([("id", pa.int64()), *((name, kind) for name, (kind, _) in KINDS.items())]), ("id",)
)
NOTHING = dict.fromkeys(KINDS)
ROW = st.fixed_dictionaries({name: values | st.none() for name, (_, values) in KINDS.items()})


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_what_was_published_is_read_again_as_it_was(tmp_path: Path, form: Format) -> None:
    version = iter(range(10_000))

    @example([NOTHING | {"narrow": 36506672.0}, NOTHING | {"float": 2.0**56 + 16}, NOTHING | {"float": -0.0}])
    @given(st.lists(ROW, max_size=5))
    @settings(max_examples=50)
    def check(values: list[dict[str, object]]) -> None:
        table = pa.Table.from_pylist([{"id": number} | row for number, row in enumerate(values)], EVERY.schema)
        path = tmp_path / f"{next(version):05}.{form}"
        with path.open("wb") as file:
            write(table.to_batches(), table.schema, form, file)
        request = Read(EVERY, origin=path.name)
        read = [
            conform(batch.rows, EVERY) for batch in FilesSource(str(tmp_path)).read(request) if batch.rows is not None
        ]
        again = [row for one in read for row in one.rows.to_pylist()]
        assert list(map(repr, again)) == list(map(repr, table.to_pylist()))

    check()
