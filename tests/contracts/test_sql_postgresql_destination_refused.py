from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from connectors.sql import SqlDestination, loading
from syncline import DataError, DataModel, Rejection, Target
from syncline.testing.changes import changeset
from syncline.testing.destination import AT, MIA, PETS, PIP, REX
from tests.contracts.postgresql_database import ask, loaded

FAMILY = DataModel("FAMILY", pa.schema({"id": pa.int64(), "mother": pa.int64()}), ("id",))


def test_the_database_says_why_it_refuses(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    ask(
        url,
        """CREATE TABLE owner (id bigint PRIMARY KEY); INSERT INTO owner VALUES (1);
        CREATE TABLE pets (id bigint PRIMARY KEY, name varchar(5) NOT NULL UNIQUE,
        weight numeric(12,2) CHECK (weight < 99), owner bigint REFERENCES owner, age smallint, code integer,
        room int4range, EXCLUDE USING gist (room WITH &&));
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not on my watch'; END $$;
        CREATE TRIGGER no BEFORE INSERT ON pets FOR EACH ROW WHEN (NEW.name = 'Tom') EXECUTE FUNCTION no();
        CREATE FUNCTION silence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER silence BEFORE INSERT ON pets FOR EACH ROW WHEN (NEW.name = 'Ssh') EXECUTE FUNCTION silence()""",
    )
    more = {"owner": pa.int64(), "age": pa.int64(), "code": pa.decimal128(20, 0), "room": pa.string()}
    model = DataModel("PETS", pa.schema([*PETS.schema, *(pa.field(*column) for column in more.items())]), ("id",))
    rows = [
        {"id": 1, "name": "Rex", "owner": 1, "room": "[1,3)"},
        {"id": 2, "name": None},
        {"id": 3, "name": "Rex"},
        {"id": 4, "name": "Pip", "weight": Decimal("1000.00")},
        {"id": 5, "name": "Mia", "owner": 2},
        {"id": 6, "name": "Leopold"},
        {"id": 7, "name": "Pim  "},
        {"id": 8, "name": "Pimp  "},
        {"id": 9, "name": "Old", "age": 2**15},
        {"id": 10, "name": "Big", "code": Decimal(10) ** 19},
        {"id": 11, "name": "Wide", "room": "[2,9)"},
        {"id": 12, "name": "Odd", "room": "anywhere"},
        {"id": 13, "name": "Sly", "room": "[5,6]"},
        {"id": 14, "name": "Tom"},
        {"id": 15, "name": "Ssh"},
        {"id": 16, "name": "Good", "weight": Decimal("98.99"), "age": -1, "code": Decimal(7), "room": "[7,8)"},
    ]
    rejected = loaded(destination, changeset(model, tmp_path, inserts=rows))
    reasons = {item.key["id"]: item.reason for item in rejected if item.key}
    assert reasons == {
        2: 'null value in column "name" of relation "pets" violates not-null constraint',
        3: 'duplicate key value violates unique constraint "pets_name_key": Key (name)=(Rex) already exists.',
        4: 'new row for relation "pets" violates check constraint "pets_weight_check"',
        5: 'insert or update on table "pets" violates foreign key constraint "pets_owner_fkey": '
        'Key (owner)=(2) is not present in table "owner".',
        6: "`name` would not stay as it is in a column of type character varying(5)",
        8: "`name` would not stay as it is in a column of type character varying(5)",
        9: "smallint out of range",
        10: "integer out of range",
        11: 'conflicting key value violates exclusion constraint "pets_room_excl": '
        "Key (room)=([2,9)) conflicts with existing key (room)=([1,3)).",
        12: 'malformed range literal: "anywhere"',
        13: "`room` would not stay as it is in a column of type int4range",
        14: "not on my watch",
        15: "a trigger left the row out",
    }
    assert ask(url, "SELECT id, name FROM pets ORDER BY id") == [(1, "Rex"), (7, "Pim  "), (16, "Good")]
    assert loaded(destination, changeset(model, tmp_path, inserts=rows)) == rejected  # R20


@pytest.mark.parametrize("when", ["NOT DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"])
def test_rows_that_refer_to_each_other_go_in_and_out_in_any_order(
    destination: SqlDestination, url: str, tmp_path: Path, when: str
) -> None:
    ask(url, f"CREATE TABLE pets (id bigint PRIMARY KEY, mother bigint REFERENCES pets {when})")
    family = [{"id": 1, "mother": 2}, {"id": 2, "mother": 3}, {"id": 3, "mother": None}, {"id": 4, "mother": 99}]
    rejected = loaded(destination, changeset(FAMILY, tmp_path, inserts=family))
    assert [item.key for item in rejected] == [{"id": 4}]
    kept = {"id": 1, "mother": 2}
    changes = changeset(FAMILY, tmp_path, updates=[(kept, {"id": 1, "mother": None})], deletes=family[2:0:-1])
    assert loaded(destination, changes, plan="2") == []
    assert ask(url, "SELECT * FROM pets") == [(1, None)]


def test_rows_in_a_circle_go_in_together(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    ask(url, "CREATE TABLE pets (id bigint PRIMARY KEY, mother bigint REFERENCES pets)")
    circle = [{"id": place, "mother": (place + 50) % 100} for place in range(100)]
    assert loaded(destination, changeset(FAMILY, tmp_path, inserts=circle)) == []


def test_a_deletion_that_is_refused_is_named(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]))
    ask(
        url,
        "CREATE TABLE visit (pet bigint REFERENCES pets DEFERRABLE INITIALLY DEFERRED); INSERT INTO visit VALUES (2)",
    )
    rejected = loaded(destination, changeset(PETS, tmp_path, inserts=[PIP], deletes=[REX, MIA]), plan="2")
    assert [item.key for item in rejected] == [{"id": 2}]
    assert "still referenced" in rejected[0].reason
    assert ask(url, "SELECT id FROM pets ORDER BY id") == [(2,), (3,)]


def test_a_constraint_that_is_looked_at_when_all_is_done_names_its_rows(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    ask(
        url,
        """CREATE TABLE pets (id bigint PRIMARY KEY, weight numeric(12,2),
        name text UNIQUE DEFERRABLE INITIALLY DEFERRED);
        CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too heavy'; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON pets DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.weight > 100) EXECUTE FUNCTION late()""",
    )
    rows = [REX, {**MIA, "weight": Decimal(200)}, {**PIP, "name": "Rex"}, {**PIP, "id": 4}]
    rejected = loaded(destination, changeset(PETS, tmp_path, inserts=rows))
    assert [(item.key, item.reason.partition(" unique")[0]) for item in rejected] == [
        ({"id": 2}, "too heavy"),
        ({"id": 3}, "duplicate key value violates"),
    ]
    assert ask(url, "SELECT id FROM pets ORDER BY id") == [(1,), (4,)]


def test_names_that_swap_are_no_conflict_where_the_database_waits(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    ask(
        url, "CREATE TABLE pets (id bigint PRIMARY KEY, name text UNIQUE DEFERRABLE INITIALLY DEFERRED, weight numeric)"
    )
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]))
    swapped = [(REX, {**REX, "name": "Mia"}), (MIA, {**MIA, "name": "Rex"})]
    assert loaded(destination, changeset(PETS, tmp_path, updates=swapped), plan="2") == []
    assert ask(url, "SELECT id, name FROM pets ORDER BY id") == [(1, "Mia"), (2, "Rex")]


def test_too_many_refused_rows_undo_the_whole_load(
    destination: SqlDestination, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MOST_REFUSED", 10)
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
    ask(url, "ALTER TABLE pets ADD CHECK (name = 'Rex')")
    for name in ("Mia", "\0"):
        rows = [{**REX, "id": place, "name": name if place % 2 else "Rex"} for place in range(2, 40)]
        with pytest.raises(DataError, match="more than 10 rows are refused, so nothing was loaded"):
            loaded(destination, changeset(PETS, tmp_path, inserts=rows, deletes=[REX]), plan="2")
    assert ask(url, "SELECT id FROM pets") == [(1,)]
    assert ask(url, "SELECT plan FROM _syncline_plan") == [("1",)]


def test_refused_keys_come_back_as_they_were_sent(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    key = {"who": pa.string(), "price": pa.decimal128(12, 2), "raw": pa.binary(), "at": pa.timestamp("us", tz="UTC")}
    model = DataModel("KEYS", pa.schema({**key, "name": pa.string()}), tuple(key))
    destination.prepare(model, Target("pets"))
    ask(url, "ALTER TABLE pets ADD CHECK (name <> 'no')")
    row = {"who": "Zoë", "price": Decimal("1.10"), "raw": b"\0\xff", "at": AT, "name": "no"}
    odd = {**row, "who": "a\0"}
    changes = changeset(model, tmp_path, inserts=[row, odd, {**row, "name": "yes", "who": ""}])
    rejected = loaded(destination, changes)
    assert [item.key for item in rejected] == [{name: one[name] for name in key} for one in (row, odd)]
    assert loaded(destination, changes) == rejected


def test_a_few_refused_among_many_are_found(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
    ask(url, "ALTER TABLE pets ADD CHECK (name <> 'Mia')")
    rows = [{"id": place, "name": "Mia" if place % 4000 == 7 else "Pip", "weight": None} for place in range(20_000)]
    rejected = loaded(destination, changeset(PETS, tmp_path, inserts=rows), plan="2")
    assert [item.key for item in rejected] == [{"id": place} for place in range(7, 20_000, 4000)]
    assert ask(url, "SELECT count(*) FROM pets") == [(19_995,)]


def test_a_softly_deleted_row_bears_the_time_of_the_plan(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    soft = Target("pets", on_delete="soft", shared=True)
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]), target=soft, scope="t/it's 100%/PETS")
    changes = changeset(PETS, tmp_path, deletes=[MIA])
    assert loaded(destination, changes, target=soft, scope="t/it's 100%/PETS", plan="2") == []
    assert ask(url, "SELECT id, _deleted_at, _connection FROM pets ORDER BY id") == [
        (1, None, "t/it's 100%"),
        (2, AT, "t/it's 100%"),
    ]


def test_what_the_tables_are_called_does_not_matter(url: str, tmp_path: Path) -> None:
    ask(url, 'CREATE SCHEMA "100% \'Sales\' ""EU"""')
    destination = SqlDestination(url, "100% 'Sales' \"EU\"")
    model = DataModel(
        "PETS",
        pa.schema({"%s {id}": pa.int64(), "SELECT": pa.string(), "n": pa.int64(), "c0": pa.int64()}),
        ("%s {id}",),
    )
    row = {"%s {id}": 1, "SELECT": "%s", "n": 2, "c0": 3}
    target = Target('Straße "%s" {0}')
    assert loaded(destination, changeset(model, tmp_path, inserts=[row, {**row, "%s {id}": 2}]), target=target) == []
    assert loaded(destination, changeset(model, tmp_path, deletes=[row]), target=target, plan="2") == []
    with psycopg.connect(url) as connection:
        found = connection.execute('SELECT * FROM "100% \'Sales\' ""EU"""."Straße ""%s"" {0}"').fetchall()
    assert found == [(2, "%s", 2, 3)]


def test_rejections_are_kept_word_for_word(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    rejected = loaded(destination, changeset(PETS, tmp_path, inserts=[{**REX, "name": "\0"}]))
    assert rejected == [Rejection({"id": 1}, "`name` holds U+0000, which is no text to PostgreSQL")]
    assert loaded(destination, changeset(PETS, tmp_path)) == rejected
