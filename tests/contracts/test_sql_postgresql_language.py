"""What a PostgreSQL that speaks German says is understood by its codes, and told as it was said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.sql import SqlDestination, SqlSource
from syncline import ConfigError, DataError, DataModel, Read, SynclineError, TransientError
from syncline.testing.changes import changeset
from syncline.testing.destination import MIA, PETS, REX
from tests.contracts.postgresql import PASSWORD, USER, Server, running
from tests.contracts.postgresql_database import ask, loaded
from tests.contracts.test_sql_postgresql_15 import PROGRAMS

ALL = DataModel("pets", pa.schema({"id": pa.int64()}), ("id",))
pytestmark = pytest.mark.skipif(
    not Path("/usr/share/locale/de/LC_MESSAGES/postgres-15.mo").exists() or not PROGRAMS.exists(),
    reason="no PostgreSQL 15 that speaks German: Debian `postgresql-15`",
)


@pytest.fixture(scope="module")
def german() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANGUAGE", "de")
        with running(PROGRAMS, lc_messages="C.UTF-8") as server:
            yield server


@pytest.fixture
def url(german: Server) -> str:
    return german.new_database()


def test_the_server_does_speak_german(url: str) -> None:
    with pytest.raises(Exception, match="existiert nicht"):
        ask(url, "SELECT * FROM nowhere")


def test_a_table_that_is_not_there_is_the_settings_fault(url: str) -> None:
    with pytest.raises(ConfigError, match="existiert nicht"):
        list(SqlSource(url).read(Read(ALL, origin="SELECT * FROM nowhere")))


def test_a_right_that_is_missing_is_the_settings_fault(url: str) -> None:
    ask(url, "CREATE TABLE pets (id bigint); CREATE ROLE gast LOGIN PASSWORD 'gast'")
    with pytest.raises(ConfigError, match="keine Berechtigung"):
        list(SqlSource(url.replace(f"{USER}:{PASSWORD}", "gast:gast")).read(Read(ALL, origin="pets")))


def test_a_value_that_cannot_be_worked_out_is_the_datas_fault(url: str) -> None:
    with pytest.raises(DataError, match=r"[0-9a-f]: Division durch Null"):
        list(SqlSource(url).read(Read(ALL, origin="SELECT 1 / (g - g) AS id FROM generate_series(1, 2) AS g")))


def test_a_time_limit_may_be_tried_again(url: str) -> None:
    slow = SqlSource(f"{url}?options=-c%20statement_timeout%3D50")
    with pytest.raises(TransientError, match="Zeitüberschreitung"):
        list(slow.read(Read(ALL, origin="SELECT g AS id, pg_sleep(1)::text AS n FROM generate_series(1, 9) AS g")))


def test_rows_that_are_refused_are_named_and_the_others_loaded(url: str, tmp_path: Path) -> None:
    ask(url, "CREATE TABLE pets (id bigint PRIMARY KEY, name text CHECK (name <> 'Mia'), weight numeric(12,2))")
    [rejection] = loaded(SqlDestination(url), changeset(PETS, tmp_path, inserts=[REX, MIA]))
    assert (rejection.key, ask(url, "SELECT id FROM pets")) == ({"id": 2}, [(1,)])
    assert "verletzt Check-Constraint" in rejection.reason


@pytest.mark.parametrize("end", [SqlSource, SqlDestination])
@pytest.mark.parametrize("wrong", [(PASSWORD, "falsch"), ("/test_", "/weg_")])
def test_who_is_not_let_in_is_told_why(url: str, end: type[Any], wrong: tuple[str, str]) -> None:
    with pytest.raises(SynclineError, match=r"lets nobody in: .*(fehlgeschlagen|existiert nicht)") as told:
        end(url.replace(*wrong)).check()
    assert "check `url:`" in str(told.value)
