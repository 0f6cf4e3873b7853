import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event

from syncline import ConfigError, Head, Request, TransientError
from syncline.store import SqlStore, open_store
from syncline.testing.lease import LeaseContract
from syncline.testing.migration import MigrationContract
from syncline.testing.people import PeopleContract
from syncline.testing.search import SearchContract
from syncline.testing.store import StoreContract


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/store.db"


class TestStore(StoreContract):
    pass


class TestLease(LeaseContract):
    pass


class TestMigration(MigrationContract):
    pass


class TestPeople(PeopleContract):
    pass


class TestSearch(SearchContract):
    pass


def told(store: SqlStore, pragma: str) -> None:
    """Have every connection of the store begin with this."""
    store.close()
    event.listen(store.database.engine, "connect", lambda connection, _: connection.execute(pragma))


def test_a_commit_outlives_a_power_cut_and_readers_do_not_wait(url: str) -> None:
    store = open_store(url)
    with store.database.reading() as view:
        kept = [
            view.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        assert kept == ["wal", 2, 1]
        open_store(url, tenant="other").open_run("pets", Request())


def test_a_full_disk_is_told_and_changes_nothing(url: str) -> None:
    store = open_store(url)
    run = store.open_run("pets", Request())
    told(store, "PRAGMA max_page_count = 1")
    with pytest.raises(TransientError, match=r"store\.db: the disk is full"):
        store.commit(run, "PETS", Head(read="x" * 1_000_000))
    assert store.heads("pets") == {}


def test_a_file_that_takes_no_changes_is_told(url: str) -> None:
    store = open_store(url)
    told(store, "PRAGMA query_only = ON")
    with pytest.raises(ConfigError, match=r"store\.db: the file is read-only"):
        store.open_run("pets", Request())


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("not a database at all, only words " * 100)
    with pytest.raises(ConfigError, match="is not a SQLite database"):
        open_store(f"sqlite:///{tmp_path}/store.db")


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/store.db")


def test_a_store_that_is_busy_for_too_long_is_told(url: str, tmp_path: Path) -> None:
    store = open_store(url)
    told(store, "PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "new/store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="busy for too long"):
        store.open_run("pets", Request())
    other.close()


@pytest.mark.parametrize(
    "url", ["", "store.db", "sqlite://", "sqlite:///:memory:", "mysql://u:s3same@h/d", "postgresql://u:s3same@h:port/d"]
)
def test_a_url_that_names_no_store_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        open_store(url)
    assert "s3same" not in str(refused.value)
    assert refused.value.hint.startswith("e.g.")


@pytest.mark.parametrize("seconds", ["", "soon", "0", "-1", "inf", "nan"])
def test_a_lease_of_no_length_is_refused(url: str, seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCLINE_LEASE_SECONDS", seconds)
    with pytest.raises(ConfigError, match="number of seconds over 0"):
        open_store(url)


def test_the_length_of_a_lease_can_be_set(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_store(url).lease_seconds == 60
    monkeypatch.setenv("SYNCLINE_LEASE_SECONDS", "2.5")
    assert open_store(url).lease_seconds == 2.5
