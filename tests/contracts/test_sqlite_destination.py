import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.sql import SqlDestination, loading, sqlite
from syncline import ConfigError, DataError, DataModel, Rejection, Target, TransientError
from syncline.testing.changes import changeset
from syncline.testing.destination import AT, MIA, PETS, PIP, REX
from tests.contracts.sqlite_file import ask, loaded

SOFT = Target("pets", on_delete="soft")
BY_BOTH_DRIVERS = pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


@pytest.fixture
def destination(path: Path) -> SqlDestination:
    return SqlDestination(f"sqlite:///{path}")


def test_the_database_says_why_it_refuses(destination: SqlDestination, path: Path, tmp_path: Path) -> None:
    ask(path, "CREATE TABLE owner (id INTEGER PRIMARY KEY)")
    ask(path, "INSERT INTO owner VALUES (1)")
    ask(
        path,
        """CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
        weight DECIMAL_TEXT(12,2) CHECK (weight IS NULL OR length(weight) < 6), owner INTEGER REFERENCES owner)""",
    )
    model = DataModel("PETS", PETS.schema.append(pa.field("owner", pa.int64())), ("id",))
    rows = [
        {"id": 1, "name": "Rex", "owner": 1},
        {"id": 2, "name": None},
        {"id": 3, "name": "Rex"},
        {"id": 4, "name": "Pip", "weight": Decimal("1000.00")},
        {"id": 5, "name": "Mia", "owner": 2},
    ]
    rejected = loaded(destination, changeset(model, tmp_path, inserts=rows))
    assert [item.reason.split(" constraint")[0] for item in rejected] == ["NOT NULL", "UNIQUE", "CHECK", "FOREIGN KEY"]
    assert ask(path, "SELECT id FROM pets") == [(1,)]


def test_rows_that_refer_to_each_other_go_in_and_out_in_any_order(
    destination: SqlDestination, path: Path, tmp_path: Path
) -> None:
    ask(path, "CREATE TABLE pets (id INTEGER PRIMARY KEY, mother INTEGER REFERENCES pets)")
    model = DataModel("PETS", pa.schema({"id": pa.int64(), "mother": pa.int64()}), ("id",))
    family = [{"id": 1, "mother": 2}, {"id": 2, "mother": 3}, {"id": 3, "mother": None}, {"id": 4, "mother": 99}]
    rejected = loaded(destination, changeset(model, tmp_path, inserts=family))
    assert [item.key for item in rejected] == [{"id": 4}]
    kept = {"id": 1, "mother": 2}
    changes = changeset(model, tmp_path, updates=[(kept, {"id": 1, "mother": None})], deletes=family[2:0:-1])
    assert loaded(destination, changes, plan="2") == []
    assert ask(path, "SELECT * FROM pets") == [(1, None)]


def test_a_deletion_that_is_refused_is_named(destination: SqlDestination, path: Path, tmp_path: Path) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]))
    ask(path, "CREATE TABLE visit (pet INTEGER REFERENCES pets)")
    ask(path, "INSERT INTO visit VALUES (2)")
    rejected = loaded(destination, changeset(PETS, tmp_path, inserts=[PIP], deletes=[REX, MIA]), plan="2")
    assert rejected == [Rejection({"id": 2}, "FOREIGN KEY constraint failed")]
    assert ask(path, "SELECT id FROM pets") == [(2,), (3,)]


def test_a_trigger_that_rolls_back_undoes_the_whole_load(
    destination: SqlDestination, path: Path, tmp_path: Path
) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
    ask(path, "CREATE TRIGGER t BEFORE INSERT ON pets WHEN NEW.id = 2 BEGIN SELECT RAISE(ROLLBACK, 'not Mia'); END")
    with pytest.raises(DataError, match=r"rolled the whole load back: not Mia"):
        loaded(destination, changeset(PETS, tmp_path, inserts=[PIP, MIA]), plan="2")
    assert ask(path, "SELECT id FROM pets") == [(1,)]
    assert ask(path, "SELECT plan FROM _syncline_plan") == [("1",)]


def test_a_row_that_a_trigger_leaves_out_is_named(destination: SqlDestination, path: Path, tmp_path: Path) -> None:
    loaded(destination, changeset(PETS, tmp_path))
    ask(path, "CREATE TRIGGER t BEFORE INSERT ON pets WHEN NEW.id = 2 BEGIN SELECT RAISE(IGNORE); END")
    rejected = loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA, PIP]), plan="2")
    assert rejected == [Rejection({"id": 2}, "a trigger left the row out")]
    assert ask(path, "SELECT id FROM pets") == [(1,), (3,)]


@BY_BOTH_DRIVERS
@pytest.mark.parametrize("target", [Target("pets"), SOFT], ids=["delete", "soft"])
def test_a_deletion_that_a_trigger_swallows_is_named(path: Path, tmp_path: Path, scheme: str, target: Target) -> None:
    destination = SqlDestination(f"{scheme}:///{path}")
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX, MIA]), target=target)
    event = "UPDATE" if target == SOFT else "DELETE"
    ask(path, f"CREATE TRIGGER t BEFORE {event} ON pets WHEN OLD.id = 2 BEGIN SELECT RAISE(IGNORE); END")
    gone = changeset(PETS, tmp_path, deletes=[REX, MIA, PIP])
    rejected = loaded(destination, gone, target=target, plan="2")
    assert rejected == [Rejection({"id": 2}, "a trigger kept the row from being deleted")]
    assert ask(path, f"SELECT id FROM pets {'WHERE _deleted_at IS NULL' if target == SOFT else ''}") == [(2,)]


@BY_BOTH_DRIVERS
@pytest.mark.parametrize("event", ["INSERT", "UPDATE"])
def test_a_row_that_a_trigger_swallows_is_named(path: Path, tmp_path: Path, scheme: str, event: str) -> None:
    destination = SqlDestination(f"{scheme}:///{path}")
    changes = changeset(PETS, tmp_path, inserts=[REX, MIA, PIP])
    loaded(destination, changes if event == "UPDATE" else changeset(PETS, tmp_path))
    ask(path, f"CREATE TRIGGER t BEFORE {event} ON pets WHEN NEW.id = 2 BEGIN SELECT RAISE(IGNORE); END")
    assert loaded(destination, changes, plan="2") == [Rejection({"id": 2}, "a trigger left the row out")]


def test_too_many_refused_rows_undo_the_load(
    destination: SqlDestination, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MOST_REFUSED", 10)
    ask(path, "CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT NOT NULL, weight TEXT)")
    rows = [REX, *({"id": place, "name": None} for place in range(10, 21))]
    with pytest.raises(DataError, match=r"more than 10 rows are refused.*NOT NULL"):
        loaded(destination, changeset(PETS, tmp_path, inserts=rows))
    assert ask(path, "SELECT * FROM pets") == ask(path, "SELECT * FROM _syncline_plan") == []


def test_a_soft_deletion_bears_the_time_of_the_plan(destination: SqlDestination, path: Path, tmp_path: Path) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]), target=SOFT)
    loaded(destination, changeset(PETS, tmp_path, deletes=[REX]), target=SOFT, plan="2", at=AT + timedelta(hours=1))
    assert ask(path, "SELECT _deleted_at FROM pets") == [("2026-01-31 13:30:00+00:00",)]


def test_a_load_that_is_killed_leaves_nothing_and_can_be_repeated(
    destination: SqlDestination, path: Path, tmp_path: Path
) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
    many = [{"id": place, "name": "Mia", "weight": None} for place in range(10, 30_000)]
    changes = changeset(PETS, tmp_path, inserts=many, deletes=[REX])
    code = f"""
import os, signal
from dataclasses import replace
from pathlib import Path
from connectors.sql import SqlDestination
from syncline import Changeset
from syncline.testing.destination import PETS, request
changes = Changeset(PETS, (Path({str(changes.files[0])!r}),), inserted={len(many)}, deleted=1)
seen = []
def die(rows):
    seen.append(rows)
    if sum(seen) > 20_000:
        os.kill(os.getpid(), signal.SIGKILL)
SqlDestination({destination.url!r}).load(replace(request(changes), plan="2", progress=die))
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    assert killed.returncode == -signal.SIGKILL
    assert ask(path, "SELECT id FROM pets") == [(1,)]
    assert loaded(destination, changes, plan="2") == []
    assert ask(path, "SELECT count(*), min(id) FROM pets") == [(len(many), 10)]


def test_preparing_what_is_prepared_does_not_write(destination: SqlDestination, path: Path, tmp_path: Path) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]), target=SOFT)
    before = path.read_bytes()
    destination.prepare(PETS, SOFT)
    destination.check()
    assert path.read_bytes() == before  # Invariant 11


def test_sqlite_does_without_sqlalchemy(destination: SqlDestination, tmp_path: Path) -> None:
    code = f"""
import sys
from connectors.sql import SqlDestination, SqlSource
from syncline import Target
from syncline.testing.destination import PETS
SqlDestination({destination.url!r}).prepare(PETS, Target("pets"))
print([model.name for model in SqlSource({destination.url!r}).discover()], "sqlalchemy" in sys.modules)
"""
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, check=True, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert ran.stdout == "['pets'] False\n"


@BY_BOTH_DRIVERS
def test_a_check_makes_no_file(path: Path, scheme: str) -> None:
    destination = SqlDestination(f"{scheme}:///{path}")
    destination.check()
    assert destination.problems(PETS, Target("pets")) == []
    assert not path.exists()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("CREATE TABLE pets (id INTEGER, name TEXT, weight TEXT)", r"no unique index on the key \(id\)"),
        ("CREATE TABLE pets (id INTEGER, name TEXT, PRIMARY KEY (id, name))", "no unique index"),
        ("CREATE TABLE pets (id TEXT COLLATE NOCASE PRIMARY KEY)", "no unique index"),
        ("CREATE TABLE pets (id INTEGER PRIMARY KEY, weight DECIMAL(12,2))", r"declare it DECIMAL_TEXT\(12,2\)"),
        ("CREATE TABLE pets (id INTEGER PRIMARY KEY, name INTEGER)", r"`pets\.name` is declared INTEGER"),
        ("CREATE TABLE pets (id REAL PRIMARY KEY)", r"`pets\.id` is declared REAL"),
    ],
)
def test_a_table_that_cannot_hold_the_model_is_explained(
    destination: SqlDestination, path: Path, table: str, words: str
) -> None:
    ask(path, table)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=words):
        destination.prepare(PETS, Target("pets"))
    assert destination.problems(PETS, Target("pets"))
    assert path.read_bytes() == before


def test_a_table_of_ones_own_with_a_unique_index_will_do(
    destination: SqlDestination, path: Path, tmp_path: Path
) -> None:
    ask(path, "CREATE TABLE pets (nr INTEGER PRIMARY KEY, ID BIGINT, Name VARCHAR(9), weight TEXT, UNIQUE (id))")
    assert loaded(destination, changeset(PETS, tmp_path, inserts=[REX])) == []
    assert ask(path, "SELECT id, name, weight FROM pets") == [(1, "Rex", "1.50")]


@pytest.mark.parametrize("names", [("id", "ID"), ("id", "_deleted_at"), ("id", "_connection")])
def test_names_that_collide_are_refused(destination: SqlDestination, names: tuple[str, str]) -> None:
    model = DataModel("M", pa.schema([(name, pa.int64()) for name in names]), ("id",))
    with pytest.raises(ConfigError, match=names[1]):
        destination.prepare(model, Target("pets"))
    assert destination.problems(model, Target("pets"))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    destination = SqlDestination(f"sqlite:///{tmp_path}/nowhere/x.db")
    for attempt in (destination.check, lambda: destination.prepare(PETS, Target("pets"))):
        with pytest.raises(ConfigError, match=r"no folder .*nowhere"):
            attempt()


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is read-only to root")
def test_a_file_that_may_not_be_written_is_named(destination: SqlDestination, path: Path) -> None:
    ask(path, "CREATE TABLE x (y)")
    path.chmod(0o400)
    with pytest.raises(ConfigError, match="may not be written"):
        destination.check()


def test_a_locked_database_may_be_tried_again(
    destination: SqlDestination, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.0)
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        destination.prepare(PETS, Target("pets"))  # nothing to do, so nothing to wait for
        with pytest.raises(TransientError, match="locked"):
            loaded(destination, changeset(PETS, tmp_path, inserts=[MIA]), plan="2")
    assert ask(path, "SELECT id FROM pets") == [(1,)]
