from pathlib import Path

import pytest

from connectors.sql import SqlDestination
from syncline import ConfigError, Secret, SynclineError, Target, TransientError
from syncline.testing.changes import changeset
from syncline.testing.destination import PETS, REX
from tests.contracts.postgresql import PASSWORD, USER, Server
from tests.contracts.postgresql_database import ask, loaded


def limited(url: str, setting: str) -> SqlDestination:
    """The same database, with a setting of its own in the address."""
    return SqlDestination(f"{url}?options=-c%20{setting}")


def stranger(url: str, *grants: str) -> SqlDestination:
    """The same database through an account of its own that may do this much."""
    name = "guest_" + url.rpartition("_")[2]
    ask(url, f"CREATE ROLE {name} LOGIN PASSWORD 'pass'")
    for grant in grants:
        ask(url, f"GRANT {grant} TO {name}")
    return SqlDestination(url.replace(f"{USER}:{PASSWORD}", f"{name}:pass"))


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ((PASSWORD, "wrong"), ConfigError, "password authentication failed"),
        ((f"{USER}:", "nobody:"), ConfigError, "password authentication failed"),
        (("/test_", "/gone_"), ConfigError, "does not exist"),
        (("/test_", "?sslmode=sometimes&dbname=test_"), ConfigError, "sslmode"),
        (("/test_", "?nonsense=1&dbname=test_"), ConfigError, "nonsense"),
        (("/test_", "?options=-c%20a=b&dbname=test_"), ConfigError, "key/value separator"),
        (("/test_", "?options=%zz&dbname=test_"), ConfigError, "percent-encoded"),
        (("127.0.0.1:", "127.0.0.1:1"), SynclineError, ""),
    ],
)
def test_who_is_not_let_in_is_told_why(url: str, change: tuple[str, str], kind: type[Exception], said: str) -> None:
    destination = SqlDestination(Secret(url.replace(*change)))
    with pytest.raises(kind) as told:
        destination.check()
    assert said in str(told.value)
    assert PASSWORD not in str(told.value)
    assert "check `url:`" in str(told.value)


def test_a_server_that_does_not_answer_is_tried_again(url: str, postgresql: Server) -> None:
    for gone in (url.replace(f":{postgresql.port}", ":1"), url.replace("127.0.0.1", "nowhere.invalid")):
        with pytest.raises(TransientError, match="does not answer") as told:
            SqlDestination(gone).check()
        assert PASSWORD not in str(told.value)


def test_what_is_not_allowed_says_what_to_grant(url: str, tmp_path: Path) -> None:
    ask(url, "REVOKE TEMPORARY ON DATABASE " + url.rpartition("/")[2] + " FROM public")
    guest = stranger(url)
    role = guest.url.split("//")[1].split(":")[0]
    changes = changeset(PETS, tmp_path, inserts=[REX])
    with pytest.raises(ConfigError, match=f"GRANT USAGE, CREATE ON SCHEMA public TO {role}"):
        guest.prepare(PETS, Target("pets"))
    SqlDestination(url).prepare(PETS, Target("pets"))
    guest.prepare(PETS, Target("pets"))  # all is there, so nothing needs to be allowed
    with pytest.raises(ConfigError, match=f"GRANT SELECT, INSERT, UPDATE, DELETE ON _syncline_plan TO {role}"):
        loaded(guest, changes)
    ask(url, f"GRANT SELECT, INSERT, UPDATE, DELETE ON _syncline_plan TO {role}")
    with pytest.raises(ConfigError, match=f"GRANT CONNECT, TEMPORARY ON DATABASE .* TO {role}"):
        loaded(guest, changes)
    ask(url, f"GRANT TEMPORARY ON DATABASE {url.rpartition('/')[2]} TO {role}")
    with pytest.raises(ConfigError, match=f"GRANT SELECT, INSERT, UPDATE, DELETE ON pets TO {role}"):
        loaded(guest, changes)
    ask(url, f"GRANT SELECT, INSERT, UPDATE, DELETE ON pets TO {role}")
    assert loaded(guest, changes) == []
    with pytest.raises(ConfigError, match=f"must be owner of table pets .*{role}"):
        guest.prepare(PETS, Target("pets", on_delete="soft"))


def test_who_does_not_own_the_table_loads_it_all_the_same(url: str, tmp_path: Path) -> None:
    SqlDestination(url).prepare(PETS, Target("pets"))
    guest = stranger(url, "SELECT, INSERT, UPDATE, DELETE ON pets, _syncline_plan")
    rows = [{**REX, "id": place} for place in range(12_000)]
    assert loaded(guest, changeset(PETS, tmp_path, inserts=rows)) == []
    assert ask(url, "SELECT count(*) FROM pets") == [(12_000,)]


def test_a_default_that_transactions_only_read_does_not_hold_for_a_load(url: str, tmp_path: Path) -> None:
    SqlDestination(url).prepare(PETS, Target("pets"))
    ask(url, f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    assert loaded(SqlDestination(url), changeset(PETS, tmp_path, inserts=[REX])) == []


def test_a_time_limit_of_the_server_is_told(url: str, tmp_path: Path) -> None:
    SqlDestination(url).prepare(PETS, Target("pets"))
    ask(
        url,
        """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(9); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON pets FOR EACH ROW EXECUTE FUNCTION slow()""",
    )
    with pytest.raises(
        TransientError, match=r"broke off a statement: .*statement timeout .raise its `statement_timeout`"
    ):
        loaded(limited(url, "statement_timeout%3D300ms"), changeset(PETS, tmp_path, inserts=[REX]))


def test_checking_changes_nothing(url: str) -> None:
    SqlDestination(url).check()
    assert SqlDestination(url).problems(PETS, Target("pets")) == []
    assert ask(url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


@pytest.mark.parametrize("scheme", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_any_way_to_write_the_address_takes_the_fast_way(url: str, scheme: str) -> None:
    destination = SqlDestination(url.replace("postgresql://", scheme))
    assert type(destination._end()).__name__ == "PostgresqlEnd"
    destination.check()
    assert type(SqlDestination("postgresql+pg8000://db/shop")._end()).__name__ == "AlchemyEnd"
