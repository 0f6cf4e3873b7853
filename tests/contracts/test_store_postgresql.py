import socket

import pytest
from sqlalchemy import event

from syncline import ConfigError, Request, Secret, TransientError
from syncline.store import open_store
from syncline.store.lease import Leases
from syncline.store.tenant import Tenant
from syncline.testing.lease import LeaseContract
from syncline.testing.migration import MigrationContract
from syncline.testing.people import PeopleContract
from syncline.testing.search import SearchContract
from syncline.testing.store import StoreContract
from tests.contracts.postgresql import PASSWORD, Server


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


def test_a_secret_url_opens_the_store(url: str) -> None:
    store = open_store(Secret(url.replace("postgresql:", "postgres:")))
    assert store.runs() == []
    assert PASSWORD not in repr(store)
    store.close()


def test_a_wrong_password_is_told_but_not_shown(url: str) -> None:
    with pytest.raises(ConfigError, match="refuses the user or the password") as refused:
        open_store(url.replace(PASSWORD, "wr0ng"))
    assert "wr0ng" not in str(refused.value)


def test_a_database_that_is_not_there_is_told(postgresql: Server) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        open_store(postgresql.url("nowhere"))


def test_an_option_nobody_knows_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match="an option PostgreSQL does not know"):
        open_store(f"{url}?colour=red")


def test_a_server_that_does_not_answer_may_be_tried_again() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, but not listened to
        with pytest.raises(TransientError, match="cannot be used now") as refused:
            open_store(f"postgresql://ann:s3same@127.0.0.1:{nobody.getsockname()[1]}/pets")
    assert "s3same" not in str(refused.value)


def test_a_database_that_takes_no_changes_is_told(url: str) -> None:
    store = open_store(url)
    with store.database.writing() as connection:
        name = connection.engine.url.database
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store.close()
    with pytest.raises(ConfigError, match="takes no changes"):
        store.open_run("pets", Request())


def test_the_database_may_be_shared_with_others_who_use_alembic(url: str) -> None:
    store = open_store(url)
    with store.database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num text)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('of somebody else')")
    store.close()
    again = open_store(url)
    assert again.runs() == []
    again.close()


def test_a_takeover_waits_for_a_commit_under_way(url: str) -> None:
    store = open_store(url)
    run = store.open_run("pets", Request())
    leases = Leases(Tenant("default"), 60)
    other = open_store(url)
    event.listen(other.database.engine, "begin", lambda late: late.exec_driver_sql("SET LOCAL lock_timeout = '20ms'"))
    with store.database.writing() as transaction:
        leases.hold(transaction, run)
        with pytest.raises(TransientError, match="busy for too long"):
            other.open_run("pets", Request())
    store.close()
    other.close()
