from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlDestination, postgresql_straight
from syncline import ConfigError, DataModel, Target
from syncline.testing.changes import changeset
from syncline.testing.destination import MIA, PETS, REX
from tests.contracts.postgresql_database import ask, loaded

PET = Target("pets")
TYPES = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
    WHERE a.attrelid = 'pets'::regclass AND a.attnum > 0 ORDER BY a.attnum
"""


def test_a_new_table_has_the_types_of_the_model(destination: SqlDestination, url: str) -> None:
    kinds = {
        "smallint": (pa.int8(), pa.uint8(), pa.int16()),
        "integer": (pa.uint16(), pa.int32()),
        "bigint": (pa.uint32(), pa.int64()),
        "numeric(20,0)": (pa.uint64(),),
        "numeric(12,2)": (pa.decimal128(12, 2),),
        "real": (pa.float32(),),
        "double precision": (pa.float64(),),
        "text": (pa.string(),),
        "bytea": (pa.binary(),),
        "boolean": (pa.bool_(),),
        "date": (pa.date32(),),
        "time without time zone": (pa.time64("us"),),
        "timestamp without time zone": (pa.timestamp("us"),),
        "timestamp with time zone": (pa.timestamp("us", tz="UTC"),),
    }
    columns = [(word, kind) for word, found in kinds.items() for kind in found]
    model = DataModel("PETS", pa.schema([(f"c{at}", kind) for at, (_, kind) in enumerate(columns)]), ("c2", "c0"))
    destination.prepare(model, PET)
    assert ask(url, TYPES) == [(f"c{at}", word) for at, (word, _) in enumerate(columns)]
    assert ask(
        url, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'pets'::regclass AND contype = 'p'"
    ) == [("PRIMARY KEY (c2, c0)",)]
    assert destination.problems(model, PET) == []


def test_a_table_that_is_right_is_not_touched(destination: SqlDestination, url: str) -> None:
    destination.prepare(PETS, PET)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE pets IN ROW EXCLUSIVE MODE")  # an ALTER TABLE would have to wait for this
        destination.prepare(PETS, PET)
        destination.check()


def test_two_that_prepare_at_once_do_not_disturb_each_other(destination: SqlDestination, url: str) -> None:
    wide = DataModel("PETS", PETS.schema.append(pa.field("born", pa.date32())), ("id",))
    with ThreadPoolExecutor(8) as pool:
        for model in (PETS, wide):
            assert list(pool.map(lambda _, model=model: destination.prepare(model, PET), range(8))) == [None] * 8
    assert [name for name, _ in ask(url, TYPES)] == ["id", "name", "weight", "born"]


def test_a_schema_that_is_not_there_is_not_made(url: str) -> None:
    destination = SqlDestination(url, "sales")
    with pytest.raises(ConfigError, match=r"there is no schema `sales` \(CREATE SCHEMA \"sales\"\)"):
        destination.prepare(PETS, PET)
    assert destination.problems(PETS, PET) == ['there is no schema `sales` (CREATE SCHEMA "sales")']
    with pytest.raises(ConfigError, match="no schema"):
        destination.check()
    ask(url, "ALTER ROLE CURRENT_USER IN DATABASE " + url.rpartition("/")[2] + " SET search_path = nowhere")
    with pytest.raises(ConfigError, match=r"no schema is chosen \(say `schema:`\)"):
        SqlDestination(url).check()


def test_each_schema_has_tables_of_its_own(url: str, tmp_path: Path) -> None:
    ask(url, "CREATE SCHEMA eu; CREATE SCHEMA us")
    for schema, row in (("eu", REX), ("us", MIA)):
        assert loaded(SqlDestination(url, schema), changeset(PETS, tmp_path, inserts=[row])) == []
    assert ask(url, "SELECT id FROM eu.pets UNION ALL SELECT id FROM us.pets") == [(1,), (2,)]


@pytest.mark.parametrize(
    "index",
    [
        "CREATE INDEX ON pets (id)",
        "CREATE UNIQUE INDEX ON pets (id) WHERE id > 0",
        "CREATE UNIQUE INDEX ON pets (id, name)",
        "CREATE UNIQUE INDEX ON pets (abs(id))",
        "ALTER TABLE pets ADD PRIMARY KEY (id) DEFERRABLE",
    ],
)
def test_a_key_without_a_unique_index_is_a_problem(destination: SqlDestination, url: str, index: str) -> None:
    ask(url, f"CREATE TABLE pets (id bigint NOT NULL, name text, weight numeric(12,2)); {index}")
    assert destination.problems(PETS, PET) == [
        "table `pets` has no unique index on the key (id), letter by letter: create one"
    ]
    with pytest.raises(ConfigError, match="no unique index"):
        destination.prepare(PETS, PET)
    ask(url, "CREATE UNIQUE INDEX ON pets (id) INCLUDE (name)")
    assert destination.problems(PETS, PET) == []


def test_a_key_that_does_not_tell_letters_apart_is_a_problem(destination: SqlDestination, url: str) -> None:
    try:
        ask(url, "CREATE COLLATION blurred (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this server has no ICU")
    ask(url, "CREATE TABLE pets (name text COLLATE blurred PRIMARY KEY)")
    model = DataModel("PETS", pa.schema({"name": pa.string()}), ("name",))
    assert "letter by letter" in destination.problems(model, PET)[0]


def test_columns_that_would_change_values_are_a_problem(destination: SqlDestination, url: str) -> None:
    columns = {
        "f": (pa.float64(), "real"),
        "d": (pa.decimal128(12, 2), "numeric(12,1)"),
        "m": (pa.decimal128(12, 2), "double precision"),
        "local": (pa.timestamp("us"), "timestamp with time zone"),
        "instant": (pa.timestamp("us", tz="UTC"), "timestamp without time zone"),
        "seconds": (pa.timestamp("us"), "timestamp(0) without time zone"),
        "number": (pa.int64(), "text"),
        "half": (pa.int64(), "double precision"),
        "on_off": (pa.bool_(), "integer"),
        "made": (pa.int64(), "bigint GENERATED ALWAYS AS (id + 1) STORED"),
        "number_of": (pa.int64(), "bigint GENERATED ALWAYS AS IDENTITY"),
    }
    listed = ", ".join(f"{name} {kind}" for name, (_, kind) in columns.items())
    ask(url, f"CREATE TABLE pets (id bigint PRIMARY KEY, {listed})")
    kinds = {name: kind for name, (kind, _) in columns.items()}
    model = DataModel("PETS", pa.schema({"id": pa.int64(), **kinds}), ("id",))
    problems = destination.problems(model, PET)
    assert [line.split("`")[1] for line in problems] == [f"pets.{name}" for name in columns]
    assert problems[1] == (
        "column `pets.d` is numeric(12,1), which makes something else of values of type decimal128(12, 2): "
        "make it numeric(12,2)"
    )
    assert all("filled by the database itself" in line for line in problems[-2:])


@pytest.mark.parametrize("kind", ["VIEW pets AS SELECT 1 AS id", "MATERIALIZED VIEW pets AS SELECT 1 AS id"])
def test_what_is_not_a_table_cannot_be_loaded(destination: SqlDestination, url: str, kind: str) -> None:
    ask(url, f"CREATE {kind}")
    assert destination.problems(PETS, PET) == ["`pets` is not a table: name another in `to:`"]


def test_values_fit_into_other_columns_that_hold_them(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    ask(
        url,
        """CREATE TYPE mood AS ENUM ('calm', 'wild'); CREATE DOMAIN age AS smallint CHECK (VALUE < 40);
        CREATE TABLE pets (id uuid PRIMARY KEY, number integer, age age, price numeric, code char(3), name varchar(9),
        doc jsonb, raw json, mood mood, tags text[], home inet, span interval, other uuid, made bigint
        GENERATED ALWAYS AS IDENTITY, note text DEFAULT 'none', w double precision)""",
    )
    kinds = {
        "id": pa.string(),
        "number": pa.int64(),
        "age": pa.int64(),
        "price": pa.decimal128(12, 2),
        "code": pa.string(),
        "name": pa.string(),
        "doc": pa.string(),
        "raw": pa.string(),
        "mood": pa.string(),
        "tags": pa.string(),
        "home": pa.string(),
        "span": pa.string(),
        "other": pa.string(),
        "w": pa.float32(),
    }
    model = DataModel("PETS", pa.schema(kinds), ("id",))
    first, second = "8c3b2d1e-0000-4000-8000-000000000001", "8c3b2d1e-0000-4000-8000-000000000002"
    row = {
        "id": first, "number": 7, "age": 39, "code": "DE", "name": "Rex", "doc": '{"b":1, "a": 1e400}',
        "raw": '{"b":1,  "a": 2}', "mood": "calm", "tags": "{a,b}", "home": "10.0.0.1", "span": "1 day",
        "other": first.upper(), "w": 0.1,
    }  # fmt: skip
    wrong = [
        {**row, "id": first.upper()},
        {**row, "id": second, "age": 40},
        {**row, "id": second, "mood": "odd"},
        {**row, "id": second, "doc": '{"a": "\\u0000"}'},
        {**row, "id": second, "tags": "{a, b}"},
    ]
    assert destination.problems(model, PET) == []
    rejected = loaded(destination, changeset(model, tmp_path, inserts=[row, *wrong]))
    assert len(rejected) == len(wrong)
    assert ask(
        url,
        "SELECT id::text, number, age, code::text, doc->>'b', raw::text, mood::text, note, other::text, w FROM pets",
    ) == [(first, 7, 39, "DE", "1", row["raw"], "calm", "none", first, 0.10000000149011612)]
    assert loaded(destination, changeset(model, tmp_path, deletes=[row]), plan="2") == []
    assert ask(url, "SELECT * FROM pets") == []


@pytest.mark.parametrize("more", [0, postgresql_straight.MANY])
def test_a_key_that_the_database_numbers_takes_our_numbers(
    destination: SqlDestination, url: str, tmp_path: Path, more: int
) -> None:
    ask(url, "CREATE TABLE pets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, weight numeric(12,2))")
    rows = [{**REX, "id": 7 + place} for place in range(more + 1)]
    assert loaded(destination, changeset(PETS, tmp_path, inserts=rows)) == []
    changes = changeset(PETS, tmp_path, updates=[(rows[0], {**rows[0], "name": "Max"})])
    assert loaded(destination, changes, plan="2") == []
    assert ask(url, "SELECT id, name FROM pets ORDER BY id LIMIT 1") == [(7, "Max")]


def test_a_partitioned_table_is_loaded(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    ask(url, "CREATE TABLE pets (id bigint PRIMARY KEY, name text, weight numeric(12,2)) PARTITION BY RANGE (id)")
    ask(url, "CREATE TABLE low PARTITION OF pets FOR VALUES FROM (0) TO (5000)")
    rows = [{"id": place, "name": "Rex", "weight": None} for place in range(20_000)]
    rejected = loaded(destination, changeset(PETS, tmp_path, inserts=rows[:5001]))
    assert [(item.key, item.reason) for item in rejected] == [
        ({"id": 5000}, 'no partition of relation "pets" found for row')
    ]
    ask(url, "CREATE TABLE high PARTITION OF pets FOR VALUES FROM (5000) TO (20000); TRUNCATE pets")
    assert loaded(destination, changeset(PETS, tmp_path, inserts=rows), plan="2") == []
    changes = changeset(PETS, tmp_path, updates=[(REX, {**REX, "name": "Max"})], deletes=[rows[9000]])
    assert loaded(destination, changes, plan="3") == []
    assert ask(url, "SELECT count(*), min(name) FROM pets") == [(19_999, "Max")]


@pytest.mark.parametrize("name", ["x" * 64, "é" * 32])
def test_a_name_that_is_too_long_is_told(destination: SqlDestination, name: str) -> None:
    model = DataModel("PETS", pa.schema({"id": pa.int64(), name: pa.int64()}), ("id",))
    assert "is no name to PostgreSQL, which takes 63 bytes" in destination.problems(model, PET)[0]
    with pytest.raises(ConfigError, match="63 bytes"):
        destination.prepare(PETS, Target(name))
