from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sql import SqlDestination, postgresql_straight
from connectors.sql.alchemy_end import AlchemyEnd
from connectors.sql.destination import End
from syncline import DataModel, Destination, Target
from syncline.testing.changes import changeset
from syncline.testing.destination import MIA, PETS, PIP, REX, DestinationContract
from tests.contracts.postgresql import Server
from tests.contracts.postgresql_database import ask, loaded, rows

MANY = [{"id": place, "name": f"pet {place}", "weight": None} for place in range(postgresql_straight.MANY)]


class TestPostgresql(DestinationContract):
    @pytest.fixture
    def destination(self, postgresql: Server) -> Destination:
        return SqlDestination(postgresql.new_database())

    def rows(self, destination: Destination, model: DataModel, target: Target) -> pa.Table:
        assert isinstance(destination, SqlDestination)
        return rows(destination.url, model, target)

    def refuse(self, destination: Destination, target: Target, name: str) -> None:
        assert isinstance(destination, SqlDestination)
        ask(destination.url, f"ALTER TABLE {target.table} ADD CHECK (name <> '{name}')")


class Slow(SqlDestination):
    def _end(self) -> End:
        return AlchemyEnd(self.url, self.schema)


class TestPostgresqlThroughSqlalchemy(TestPostgresql):
    @pytest.fixture
    def destination(self, postgresql: Server) -> Destination:
        return Slow(postgresql.new_database())


def test_both_ways_understand_what_the_other_has_noted(url: str, tmp_path: Path) -> None:
    fast, slow = SqlDestination(url), Slow(url)
    loaded(fast, changeset(PETS, tmp_path, inserts=[REX]), plan="1")
    assert loaded(slow, changeset(PETS, tmp_path, inserts=[MIA]), plan="1") == []
    assert loaded(slow, changeset(PETS, tmp_path, inserts=[MIA]), plan="2") == []
    assert loaded(fast, changeset(PETS, tmp_path, inserts=[PIP]), plan="2") == []
    assert ask(url, "SELECT id FROM pets ORDER BY id") == [(1,), (2,)]


def test_a_first_load_leaves_the_key_as_it_was(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    destination.prepare(PETS, Target("pets"))
    keys = "SELECT indexdef FROM pg_indexes WHERE tablename = 'pets'"
    before = ask(url, keys)
    first = ask(url, "SELECT conindid FROM pg_constraint WHERE conname = 'pets_pkey'")
    assert loaded(destination, changeset(PETS, tmp_path, inserts=MANY)) == []
    assert ask(url, keys) == before
    assert ask(url, "SELECT conindid FROM pg_constraint WHERE conname = 'pets_pkey'") != first  # it was made anew
    assert ask(url, "SELECT count(*), max(name) FROM pets") == [(len(MANY), "pet 9999")]
    assert destination.problems(PETS, Target("pets")) == []


def test_a_first_load_with_a_row_that_is_refused_takes_the_others(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    told: list[int] = []
    destination.prepare(PETS, Target("pets"))
    ask(url, "ALTER TABLE pets ADD CHECK (name <> 'pet 7')")
    odd = {**MANY[8], "name": "pet\0"}
    changes = changeset(PETS, tmp_path, inserts=[*MANY[:8], odd, *MANY[9:]])
    rejected = loaded(destination, changes, progress=told.append)
    assert [item.key for item in rejected] == [{"id": 7}, {"id": 8}]
    assert sum(told) == len(MANY)
    assert ask(url, "SELECT count(*) FROM pets") == [(len(MANY) - 2,)]


def test_a_first_load_makes_no_infinity_of_a_moment_before_all(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    model = DataModel("PETS", pa.schema({"id": pa.int64(), "at": pa.timestamp("us")}), ("id",))
    minus_infinity = pa.scalar(-(2**63) + 946_684_800_000_000).cast(pa.timestamp("us"))
    sent = [{"id": place, "at": minus_infinity if place == 5 else None} for place in range(len(MANY))]
    rejected = loaded(destination, changeset(model, tmp_path, inserts=sent))
    assert [item.key for item in rejected] == [{"id": 5}]
    assert ask(url, "SELECT count(*), count(at) FROM pets") == [(len(MANY) - 1, 0)]


@pytest.mark.parametrize(
    "hindrance",
    [
        "CREATE TABLE visit (pet bigint REFERENCES pets)",
        "INSERT INTO pets VALUES (-1, 'old')",
        "ALTER INDEX pets_pkey SET (fillfactor = 50)",
        "CREATE VIEW heavy AS SELECT id, weight FROM pets GROUP BY id",
    ],
)
def test_a_key_that_something_else_leans_on_is_left_alone(
    destination: SqlDestination, url: str, tmp_path: Path, hindrance: str
) -> None:
    destination.prepare(PETS, Target("pets"))
    ask(url, hindrance)
    key = ask(url, "SELECT conindid FROM pg_constraint WHERE conname = 'pets_pkey'")
    assert loaded(destination, changeset(PETS, tmp_path, inserts=MANY)) == []
    assert ask(url, "SELECT conindid FROM pg_constraint WHERE conname = 'pets_pkey'") == key
    assert ask(url, "SELECT count(*) FROM pets WHERE id >= 0") == [(len(MANY),)]


def test_a_first_load_does_not_wait_for_who_looks_at_the_empty_table(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    destination.prepare(PETS, Target("pets"))
    with psycopg.connect(url) as other:
        other.execute("SELECT * FROM pets")
        assert loaded(destination, changeset(PETS, tmp_path, inserts=MANY)) == []
    assert ask(url, "SELECT count(*) FROM pets") == [(len(MANY),)]


NUMBERS = st.integers(-(2**63), 2**63 - 1)
MOMENTS = st.datetimes()
TYPES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "bool": (pa.bool_(), st.booleans()),
    "int8": (pa.int8(), st.integers(-(2**7), 2**7 - 1)),
    "int16": (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "int32": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "int64": (pa.int64(), NUMBERS),
    "uint8": (pa.uint8(), st.integers(0, 2**8 - 1)),
    "uint16": (pa.uint16(), st.integers(0, 2**16 - 1)),
    "uint32": (pa.uint32(), st.integers(0, 2**32 - 1)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "float32": (pa.float32(), st.floats(width=32)),
    "float64": (pa.float64(), st.floats()),
    "fraction": (pa.decimal128(38, 38), st.decimals(-1, 1, places=38).filter(lambda number: abs(number) < 1)),
    "whole": (pa.decimal128(38, 0), st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal)),
    "price": (
        pa.decimal128(12, 2),
        st.integers(-(10**12) + 1, 10**12 - 1).map(lambda cents: Decimal(cents).scaleb(-2)),
    ),
    "text": (pa.string(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    "bytes": (pa.binary(), st.binary()),
    "date": (pa.date32(), st.dates()),
    "time": (pa.time64("us"), st.times()),
    "timestamp": (pa.timestamp("us"), MOMENTS),
    "timestamptz": (pa.timestamp("us", tz="UTC"), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))),
}
ROW = st.fixed_dictionaries({name: st.none() | values for name, (_, values) in TYPES.items()})
EVERYTHING = DataModel(
    "EVERYTHING", pa.schema({"key": pa.int64(), **{name: kind for name, (kind, _) in TYPES.items()}}), ("key",)
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(ROW, min_size=1, max_size=30))
def test_every_value_arrives_as_it_was(url: str, tmp_path: Path, drawn: list[dict[str, Any]]) -> None:
    sent = [{"key": place, **row} for place, row in enumerate(drawn)]
    changes = changeset(EVERYTHING, tmp_path, inserts=sent)
    ask(url, "DROP TABLE IF EXISTS everything, _syncline_plan")
    assert loaded(SqlDestination(url), changes, target=Target("everything")) == []
    there = sorted(rows(url, EVERYTHING, Target("everything")).to_pylist(), key=lambda row: row["key"])
    expected = [row for batch in changes.upserts() for row in batch.to_pylist()]
    assert [shown(row) for row in there] == [shown(row) for row in expected]


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """NaN equals nothing, and -0.0 equals 0.0, so look at how they are written."""
    return {name: repr(value) if isinstance(value, float) else value for name, value in row.items()}


def test_what_has_no_form_is_refused_by_name(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    kinds = {"text": pa.string(), "day": pa.date32(), "at": pa.timestamp("us"), "instant": pa.timestamp("us", tz="UTC")}
    model = DataModel("ODD", pa.schema({"id": pa.int64(), **kinds}), ("id",))
    before, after = -2_440_589, 2_145_042_906
    ancient, minus_infinity = -210_866_803_200_000_001, -(2**63) + 946_684_800_000_000
    odd = [
        {"text": "a\0"},
        *({"day": day} for day in (before, after)),
        *({name: moment} for name in ("at", "instant") for moment in (ancient, minus_infinity, -(2**63))),
    ]
    last = [{"day": before + 1}, {"day": after - 1}, {"at": ancient + 1}, {"instant": 2**63 - 1}]
    sent = [{"id": place, **dict.fromkeys(kinds), **row} for place, row in enumerate([*odd, *last])]
    rejected = loaded(destination, changeset(model, tmp_path, inserts=_cast(sent, model)))
    assert [item.key for item in rejected] == [{"id": place} for place in range(len(odd))]
    assert rejected[0].reason == "`text` holds U+0000, which is no text to PostgreSQL"
    assert all("is beyond what PostgreSQL can keep" in item.reason for item in rejected[1:])
    assert ask(url, "SELECT day::text, at::text, instant::text FROM pets ORDER BY id") == [
        ("4714-11-24 BC", None, None),
        ("5874897-12-31", None, None),
        (None, "4714-11-24 00:00:00 BC", None),
        (None, None, "294247-01-10 04:00:54.775807+00"),
    ]


def _cast(sent: list[dict[str, Any]], model: DataModel) -> list[dict[str, Any]]:
    numbers = {"day": pa.int32(), "at": pa.int64(), "instant": pa.int64()}
    return [
        {
            name: pa.scalar(value, numbers[name]).cast(model.schema.field(name).type)
            if name in numbers and value is not None
            else value
            for name, value in row.items()
        }
        for row in sent
    ]


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "SQL_ASCII"])
@pytest.mark.parametrize("more", [0, postgresql_straight.MANY])
def test_a_database_in_another_encoding_takes_what_it_has_letters_for(
    url: str, tmp_path: Path, encoding: str, more: int
) -> None:
    name = f"{url.rpartition('/')[2]}_other"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    other = url.rpartition("/")[0] + f"/{name}"
    sent = [{**REX, "name": "Zoë"}, {**MIA, "name": "東京"}, *({**REX, "id": 9 + place} for place in range(more))]
    rejected = loaded(SqlDestination(other), changeset(PETS, tmp_path, inserts=sent))
    assert [item.key for item in rejected] == ([] if encoding == "SQL_ASCII" else [{"id": 2}])
    assert all("`name`: 東京 cannot be written in" in item.reason for item in rejected)
    assert ask(other + "?client_encoding=UTF8", "SELECT name FROM pets WHERE id = 1") == [("Zoë",)]
    assert ask(other, "SELECT count(*) FROM pets") == [(len(sent) - len(rejected),)]
