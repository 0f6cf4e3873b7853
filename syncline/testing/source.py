"""What a source must hold, as tests; say how to fill yours, and the tests come with the class."""
# ruff: noqa: D102, PLR2004 - a test's name is its sentence, its numbers are the expectation

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from syncline.conform import conform
from syncline.connector import Source
from syncline.errors import ConfigError
from syncline.model import Batch, Cursor, DataModel, Read, SyncMode

PETS = DataModel("pets", pa.schema({"id": pa.int64(), "name": pa.string(), "updated_at": pa.timestamp("us")}), ("id",))
Row = Mapping[str, Any]


def pet(number: int, day: int | None, name: str = "Rex") -> Row:
    """A row, last changed at noon of a day in January."""
    moment = None if day is None else datetime(2023, 1, day, 12)  # noqa: DTZ001 - the model has no zone
    return {"id": number, "name": name, "updated_at": moment}


THREE = (pet(3, 3), pet(1, 1, "Ünal 🐈\u200d⬛"), pet(2, 2))


@dataclass(frozen=True)
class Reading:
    """What a read gave: the rows in their order, the cursor of each part, and the parts that were complete."""

    rows: list[dict[str, Any]]
    cursors: dict[str, Cursor]
    complete: frozenset[str]

    @classmethod
    def of(cls, batches: Iterable[Batch], model: DataModel) -> Reading:
        """Take in all batches; every row must fit the model."""
        rows: list[dict[str, Any]] = []
        last: dict[str, Batch] = {}
        for batch in batches:
            last[batch.part] = batch
            if batch.rows is not None:
                conformed = conform(batch.rows, model)
                assert not conformed.rejected
                rows += conformed.rows.to_pylist()
        complete = frozenset(part for part, batch in last.items() if batch.complete)
        return cls(rows, {part: batch.cursor for part, batch in last.items()}, complete)

    @property
    def ids(self) -> list[int]:
        """The keys alone, sorted."""
        return sorted(row["id"] for row in self.rows)


class SourceContract(ABC):
    """What every source must hold (R6, R7). A test class takes it on and says how rows come into its source.

    `origin` is what `from:` would say. Where a source knows no cursor, `has_cursor` is False.
    """

    origin = "pets"
    has_cursor = True

    @abstractmethod
    @pytest.fixture
    def source(self) -> Source:
        """The source, empty or not there yet: `fill` comes before every read."""

    @abstractmethod
    def fill(self, source: Source, rows: Sequence[Row]) -> None:
        """Make these rows, of the model PETS, all that the source has."""

    def request(self, **settings: Any) -> Read:
        """A full read, but for what is said."""
        cursor = "updated_at" if self.has_cursor else None
        return replace(Read(PETS, origin=self.origin, cursor_field=cursor), **settings)

    def reading(self, source: Source, **settings: Any) -> Reading:
        """What the source gives for such a request."""
        return Reading.of(source.read(self.request(**settings)), PETS)

    def since(self, source: Source) -> Mapping[str, Cursor]:
        """The cursors as they are now, after a full read."""
        if not self.has_cursor:
            pytest.skip("this source has no cursor")
        return self.reading(source).cursors

    def test_a_full_read_gives_every_row_and_is_complete(self, source: Source) -> None:
        self.fill(source, THREE)
        reading = self.reading(source)
        assert sorted(reading.rows, key=lambda row: row["id"]) == sorted(THREE, key=lambda row: row["id"])
        assert reading.complete == frozenset(reading.cursors)

    def test_an_empty_source_is_read_completely(self, source: Source) -> None:
        self.fill(source, [])
        reading = self.reading(source)
        assert reading.rows == []
        assert reading.complete

    def test_many_rows_come_in_several_batches_and_only_the_last_is_complete(self, source: Source) -> None:
        self.fill(source, [pet(number, 1) for number in range(150_000)])
        batches = list(source.read(self.request()))
        assert len(batches) >= 3
        assert [batch.complete for batch in batches] == [False] * (len(batches) - 1) + [True]
        assert Reading.of(batches, PETS).ids == list(range(150_000))

    def test_a_second_read_gives_the_same(self, source: Source) -> None:
        self.fill(source, THREE)
        assert self.reading(source) == self.reading(source)

    def test_only_the_columns_of_the_model_are_given(self, source: Source) -> None:
        self.fill(source, THREE)
        model = DataModel("pets", pa.schema({"name": pa.string(), "id": pa.int64()}), ("id",))
        reading = Reading.of(source.read(self.request(model=model, cursor_field=None)), model)
        assert {"id": 2, "name": "Rex"} in reading.rows

    def test_a_column_that_is_not_there_is_named(self, source: Source) -> None:
        self.fill(source, THREE)
        model = DataModel("pets", pa.schema({"id": pa.int64(), "colour": pa.string()}), ("id",))
        with pytest.raises(ConfigError, match="colour"):
            Reading.of(source.read(self.request(model=model, cursor_field=None)), model)

    def test_an_origin_that_is_not_there_is_named(self, source: Source) -> None:
        self.fill(source, THREE)
        with pytest.raises(ConfigError, match="unicorns"):
            list(source.read(self.request(origin=self.origin.replace("pets", "unicorns"))))

    def test_the_columns_it_tells_can_be_read(self, source: Source) -> None:
        self.fill(source, THREE)
        columns = source.columns(self.origin)
        if columns is not None:
            model = DataModel("pets", columns, ("id",))
            assert len(Reading.of(source.read(self.request(model=model, cursor_field=None)), model).rows) == 3

    def test_a_check_passes_where_the_source_can_be_read(self, source: Source) -> None:
        self.fill(source, THREE)
        source.check()

    def test_an_incremental_read_gives_what_is_new_and_what_is_equal_to_the_cursor(self, source: Source) -> None:
        self.fill(source, THREE)
        since = self.since(source)
        self.fill(source, [*THREE, pet(4, 3), pet(5, 4)])
        reading = self.reading(source, mode=SyncMode.INCREMENTAL, since=since)
        assert reading.ids == [3, 4, 5]  # R9
        assert not reading.complete
        assert reading.cursors != since

    def test_an_incremental_read_gives_rows_without_a_cursor(self, source: Source) -> None:
        self.fill(source, THREE)
        since = self.since(source)
        self.fill(source, [*THREE, pet(4, None)])
        assert self.reading(source, mode=SyncMode.INCREMENTAL, since=since).ids == [3, 4]  # R9

    def test_an_incremental_read_without_a_cursor_yet_gives_everything(self, source: Source) -> None:
        self.fill(source, THREE)
        self.since(source)
        reading = self.reading(source, mode=SyncMode.INCREMENTAL)
        assert reading.ids == [1, 2, 3]
        assert not reading.complete

    def test_a_row_written_while_the_source_is_read_comes_with_the_next_read(self, source: Source) -> None:
        rows = [pet(number, 1) for number in range(100_000)]
        self.fill(source, rows)
        batches = source.read(self.request())
        read = [next(batches)]
        self.fill_while_reading(source, [*rows, pet(100_000, 4)])
        reading = Reading.of([*read, *batches], PETS)
        if self.has_cursor and 100_000 not in reading.ids:
            assert 100_000 in self.reading(source, mode=SyncMode.INCREMENTAL, since=reading.cursors).ids  # R8

    def fill_while_reading(self, source: Source, rows: Sequence[Row]) -> None:
        """As `fill`; to be replaced where a reader would hold up a writer."""
        self.fill(source, rows)

    def test_a_read_from_a_date_gives_the_rows_since_then(self, source: Source) -> None:
        self.fill(source, [*THREE, pet(4, None)])
        self.since(source)
        for start, expected in (
            (datetime(2023, 1, 2, tzinfo=UTC), [2, 3]),
            (datetime(2023, 1, 2, 13, tzinfo=UTC), [3]),
        ):
            reading = self.reading(source, mode=SyncMode.FROM_DATE, from_date=start)
            assert reading.ids == expected  # R10
            assert not reading.complete

    def test_keys_asked_for_again_are_given_though_the_cursor_has_passed_them(self, source: Source) -> None:
        if not source.rereads:
            pytest.skip("this source does not read single keys again")
        self.fill(source, THREE)
        again = pa.table({"id": pa.array([1, 99], pa.int64())})
        reading = self.reading(source, mode=SyncMode.INCREMENTAL, since=self.since(source), again=again)
        assert sorted(set(reading.ids)) == [1, 3]
