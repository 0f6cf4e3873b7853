import re

import pytest

from connectors.sql import SqlDestination, SqlSource
from connectors.sql.address import scrubbed, shown
from syncline import ConfigError, Secret, Target, TransientError
from syncline.testing.destination import PETS


def test_no_password_is_told() -> None:
    destination = SqlDestination(Secret("postgresql+psycopg://me:s3same@127.0.0.1:1/shop?password=s3same"))
    with pytest.raises(TransientError) as caught:
        destination.prepare(PETS, Target("pets"))
    assert "s3same" not in str(caught.value) + repr(destination) + destination.identity()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p@ssSECRET@127.0.0.1:1/db",
        "postgresql://me:p?x@ssSECRET@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?password=p@ssSECRET",
        "postgresql:///me:SECRET@127.0.0.1:1/db",
        "postgresql://me:pass?SECRET@127.0.0.1:1/db",
        "postgresql://me:a@127.0.0.1:1/db?options=SECRET@x",
    ],
)
def test_an_address_whose_password_has_no_clear_end_is_refused_without_telling_it(url: str) -> None:
    assert "SECRET" not in shown(url)
    for end in (SqlSource(Secret(url)), SqlDestination(Secret(url))):
        for ask in (end.check, end.identity):
            with pytest.raises(ConfigError, match="%40") as caught:
                ask()
            assert "SECRET" not in str(caught.value)


def test_an_address_without_a_host_shows_no_password() -> None:
    with pytest.raises(ConfigError) as caught:
        SqlSource("postgresql://me:SECRET").check()
    assert "SECRET" not in str(caught.value) + SqlSource("postgresql://me:SECRET").identity()


def test_hosts_and_ports_are_shown() -> None:
    for url in ("postgresql://a:1,b:2/shop", "postgresql://[::1]:5432/shop", "sqlite+pysqlite:////me@home/x.db"):
        assert shown(url) == url.replace("+pysqlite", "")


def test_of_the_settings_only_harmless_ones_are_shown() -> None:
    url = "postgresql://127.0.0.1:1/shop?sslmode=disable&pwd=SECRETF&options=-c+x%3DSECRETG&SECRETH"
    source = SqlSource(url)
    with pytest.raises((ConfigError, TransientError)) as caught:
        source.check()
    assert shown(url) == "postgresql://127.0.0.1:1/shop?sslmode=disable&pwd=***&options=***&***"
    assert "SECRET" not in str(caught.value) + source.identity()


def test_a_driver_that_repeats_the_password_is_not_repeated() -> None:
    url = "postgresql://me:p%40ss+w%C3%B6rd@db/shop?pwd=hidden&x=1"
    for written in ("p%40ss+w%C3%B6rd", "p@ss+wörd", "p@ss wörd", "hidden"):
        assert scrubbed(f'invalid dsn: "{written}"', url) == 'invalid dsn: "***"'
    assert scrubbed("db:1 has 127 tables", url) == "db:*** has 127 tables"


def test_words_of_the_driver_that_bear_the_password_are_scrubbed() -> None:
    with pytest.raises(ConfigError, match=re.escape("***")) as caught:
        SqlSource("postgresql+psycopg://me:a@127.0.0.1:1/shop?nonsense=SECRETF").check()
    assert "SECRETF" not in str(caught.value)


def test_the_same_database_has_the_same_identity_whoever_logs_in() -> None:
    first, second = ("postgresql://me:a@db/shop", "postgresql+psycopg://you:b@db/shop")
    assert SqlDestination(first).identity() == SqlDestination(second).identity()
    assert SqlDestination(first).identity() != SqlDestination(first, schema="sales").identity()
    odbc = "mssql+pyodbc:///?odbc_connect=Server%3Da%3BUID%3D{0}%3BPWD%3D{0}"
    for url in ("mysql://db/shop?password={0}&user={0}", odbc):
        assert SqlDestination(url.format("me")).identity() == SqlDestination(url.format("you")).identity()


def test_settings_that_are_not_shown_tell_databases_apart() -> None:
    first, second = (SqlDestination(f"postgresql://db/shop?options=-csearch_path%3D{name}") for name in ("one", "two"))
    assert first.identity() != second.identity()
    assert "search_path" not in first.identity()
