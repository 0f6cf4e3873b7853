"""What making and altering the tables of a store must hold, as tests; give it the URL of an empty database."""
# ruff: noqa: D102 - a test's name is its sentence

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import syncline.store.migration
from syncline.errors import ConfigError
from syncline.store import open_store
from syncline.store.database import open_database
from syncline.store.migration import differences
from syncline.testing.store import ALL

_MIGRATIONS = Path(syncline.store.migration.__file__).with_name("migrations")
_OPEN = "import sys; from syncline.store import open_store; open_store(sys.argv[1]); print('alembic' in sys.modules)"


def opener(url: str) -> subprocess.Popen[str]:
    """A process that opens the store and says whether it needed Alembic."""
    return subprocess.Popen([sys.executable, "-c", _OPEN, url], stdout=subprocess.PIPE, text=True)  # noqa: S603


class MigrationContract:
    """What migrations must hold. A test class takes it on and gives it the fixture `url`: a new database each."""

    def test_a_second_opening_keeps_what_is_there(self, url: str) -> None:
        first = open_store(url)
        run = first.open_run("pets", ALL)
        first.close()
        second = open_store(url)
        assert second.runs() == [run]
        second.close()

    def test_processes_that_open_an_empty_store_at_once_all_can(self, url: str) -> None:
        opened = [opener(url), opener(url)]
        assert [(process.communicate()[0].strip() in {"True", "False"}, process.returncode) for process in opened] == [
            (True, 0)
        ] * 2

    def test_threads_that_open_an_empty_store_at_once_all_can(self, url: str) -> None:
        with ThreadPoolExecutor(6) as pool:
            stores = list(pool.map(open_store, [url] * 6))
        assert [store.runs() for store in stores] == [[]] * 6
        for store in stores:
            store.close()

    def test_a_store_that_is_up_to_date_needs_no_alembic(self, url: str) -> None:
        open_store(url).close()
        assert opener(url).communicate()[0].strip() == "False"

    def test_the_newest_migration_is_the_one_looked_for(self) -> None:
        newest = max(path.name for path in (_MIGRATIONS / "versions").glob("*.py"))
        assert newest.startswith(f"{syncline.store.migration.HEAD}_")

    def test_the_migrations_make_the_tables_that_are_used(self, url: str) -> None:
        store = open_store(url)
        assert differences(store.database) == []
        store.close()

    def test_tables_of_a_newer_version_are_left_alone(self, url: str) -> None:
        open_store(url).close()
        database = open_database(url)
        with database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE {syncline.store.migration.VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
        database.engine.dispose()
        with pytest.raises(ConfigError, match="newer version of Syncline"):
            open_store(url)
