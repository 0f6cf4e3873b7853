import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.sql import SqlDestination, postgresql_straight
from syncline import LeaseLost, Target, TransientError
from syncline.testing.changes import Row, changeset
from syncline.testing.destination import MIA, PETS, PIP, REX
from tests.contracts.postgresql import USER, Server
from tests.contracts.postgresql_database import ask, loaded

OURS = "application_name LIKE 'syncline %' AND datname = current_database()"
WAITING = "wait_event_type = 'Lock'"
SLEEPER = """
import os, signal, sys
from pathlib import Path
from connectors.sql import SqlDestination
from syncline.testing.changes import changeset
from syncline.testing.destination import PETS, REX
from tests.contracts.postgresql_database import loaded

def asleep(rows):
    print("asleep", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)

url, folder = sys.argv[1:]
rows = [{**REX, "id": place} for place in range(100)]
loaded(SqlDestination(url), changeset(PETS, Path(folder), inserts=rows), plan="old", fence=1, progress=asleep)
"""


def limited(url: str, setting: str) -> SqlDestination:
    """The same database, with a setting of its own in the address."""
    return SqlDestination(f"{url}?options=-c%20{setting}")


def awaited(url: str, condition: str) -> int:
    """The process of the server that does our load, once it is so."""
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(3000):
            row = connection.execute(f"SELECT pid FROM pg_stat_activity WHERE {OURS} AND {condition}").fetchone()
            if row:
                return int(row[0])
            connection.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(condition)


@contextmanager
def held(
    destination: SqlDestination, folder: Path, rows: Sequence[Row] = (REX,), **settings: Any
) -> Iterator[tuple[threading.Event, Any]]:
    """A load that holds still within its transaction until it is let go."""
    inside, go = threading.Event(), threading.Event()

    def hold(_rows: int) -> None:
        inside.set()
        assert go.wait(30)

    folder.mkdir(exist_ok=True)
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(loaded, destination, changeset(PETS, folder, inserts=rows), progress=hold, **settings)
        try:
            assert inside.wait(30)
            yield go, load
        finally:
            go.set()


def test_who_tries_again_while_its_first_try_goes_on_waits_and_finds_the_plan_done(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[PIP]), plan="0")
    with held(destination, tmp_path / "a", plan="1", fence=1) as (go, first), ThreadPoolExecutor(1) as pool:
        second = pool.submit(loaded, destination, changeset(PETS, tmp_path, inserts=[MIA]), plan="1", fence=1)
        awaited(url, WAITING)
        go.set()
        assert (first.result(), second.result()) == ([], [])
    assert ask(url, "SELECT id FROM pets ORDER BY id") == [(1,), (3,)]  # Invariant 5


def test_who_has_taken_over_throws_an_earlier_run_out_of_its_load(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[PIP]), plan="0", fence=1)
    with held(destination, tmp_path / "a", plan="1", fence=1) as (go, first):
        with held(destination, tmp_path / "b", plan="1", fence=1, scope="t/other/PETS") as (_, other):
            later = changeset(PETS, tmp_path, inserts=[MIA])
            assert loaded(destination, later, plan="1", fence=2) == []
        assert other.result() == []  # is none of its business
        go.set()
        with pytest.raises(TransientError):
            first.result()
    assert ask(url, "SELECT id FROM pets ORDER BY id") == [(1,), (2,), (3,)]
    with pytest.raises(LeaseLost):
        loaded(destination, changeset(PETS, tmp_path, inserts=[MIA]), plan="1", fence=1)  # Invariant 6


def test_who_sleeps_before_its_load_wakes_up_to_a_lost_lease(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    with held(destination, tmp_path / "a", plan="2", fence=2) as (go, later), ThreadPoolExecutor(1) as pool:
        woken = pool.submit(loaded, destination, changeset(PETS, tmp_path, inserts=[MIA]), plan="1", fence=1)
        awaited(url, WAITING)
        go.set()
        assert later.result() == []
        with pytest.raises(LeaseLost):
            woken.result()
    assert ask(url, "SELECT id FROM pets") == [(1,)]


def test_a_table_with_rows_can_be_read_while_many_more_come(
    destination: SqlDestination, url: str, tmp_path: Path
) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[PIP]), plan="0")
    many = [{**REX, "id": 10 + place} for place in range(postgresql_straight.MANY)]
    with held(destination, tmp_path / "a", rows=many) as (go, load):
        assert ask(f"{url}?options=-c%20lock_timeout%3D5s", "SELECT id FROM pets") == [(3,)]
        go.set()
        assert load.result() == []


def test_two_first_loads_at_once_are_one_after_the_other(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    destination.prepare(PETS, Target("pets"))

    def load(fence: int) -> object:
        folder = tmp_path / str(fence)
        folder.mkdir()
        rows = [{**REX, "id": place} for place in range(fence, 12_000)]
        try:
            return loaded(destination, changeset(PETS, folder, inserts=rows), plan="1", fence=fence)
        except (LeaseLost, TransientError):
            return "thrown out"

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(load, range(4)))
    assert ended[-1] == []
    loader = min(fence for fence, end in enumerate(ended) if end == [])
    assert ask(url, "SELECT min(id), count(*) FROM pets") == [(loader, 12_000 - loader)]
    assert ask(url, "SELECT fence FROM _syncline_plan") == [(3,)]


def test_a_process_that_stops_within_its_load_is_thrown_out(postgresql: Server, url: str, tmp_path: Path) -> None:
    """R21, with a real process: it wakes up after another has loaded, and changes nothing more."""
    command = [sys.executable, "-c", SLEEPER, url, str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root) as sleeper:
        try:
            assert sleeper.stdout is not None
            assert sleeper.stdout.readline() == "asleep\n"
            folder = tmp_path / "later"
            folder.mkdir()
            later = loaded(SqlDestination(url), changeset(PETS, folder, inserts=[MIA]), plan="new", fence=2)
        finally:
            os.kill(sleeper.pid, signal.SIGCONT)
        _, said = sleeper.communicate(timeout=20)
    assert later == []
    assert "TransientError" in said
    assert ask(url, "SELECT id FROM pets") == [(2,)]
    assert ask(url, "SELECT plan, fence FROM _syncline_plan") == [("new", 2)]


def test_nobody_waits_for_ever(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    with held(destination, tmp_path / "a") as (go, first):
        with pytest.raises(TransientError, match=r"another program holds what is needed of postgresql://127"):
            loaded(limited(url, "lock_timeout%3D50ms"), changeset(PETS, tmp_path, inserts=[MIA]), plan="2")
        go.set()
        assert first.result() == []


def test_a_load_without_limits_gets_some(destination: SqlDestination, url: str, tmp_path: Path) -> None:
    limits: list[Any] = []
    names = ("lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit", "transaction_isolation")
    ask(
        url,
        f"ALTER ROLE {USER} IN DATABASE {url.rpartition('/')[2]} SET default_transaction_isolation = 'serializable'",
    )
    ask(url, f"ALTER ROLE {USER} IN DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
    destination.prepare(PETS, Target("pets"))
    shown = " || ' ' || ".join(f"current_setting('{name}')" for name in names)
    ask(url, "CREATE TABLE told (limits text)")
    ask(
        url,
        f"""CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN INSERT INTO told VALUES ({shown}); RETURN NEW; END $$;
        CREATE TRIGGER tell BEFORE INSERT ON pets FOR EACH ROW EXECUTE FUNCTION tell()""",
    )
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
    loaded(limited(url, "lock_timeout%3D7s"), changeset(PETS, tmp_path, inserts=[MIA]), plan="2")
    limits = [row[0] for row in ask(url, "SELECT limits FROM told")]
    assert limits == ["30s 1min on read committed", "7s 1min on read committed"]


@pytest.mark.parametrize("moment", ["within", "at its end"])
def test_a_connection_that_breaks_leaves_nothing_half_done(
    destination: SqlDestination, url: str, tmp_path: Path, moment: str, caplog: pytest.LogCaptureFixture
) -> None:
    loaded(destination, changeset(PETS, tmp_path, inserts=[REX]))
    if moment == "at its end":
        ask(
            url,
            """CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON _syncline_plan DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.plan = '2') EXECUTE FUNCTION die()""",
        )
    changes = changeset(PETS, tmp_path, inserts=[MIA], deletes=[REX])

    def cut(_rows: int) -> None:
        if moment == "within":
            ask(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}")

    with pytest.raises(TransientError), caplog.at_level(logging.WARNING):
        loaded(destination, changes, plan="2", progress=cut)
    assert ask(url, "SELECT id FROM pets") == [(1,)]
    ask(url, "DROP TRIGGER IF EXISTS die ON _syncline_plan")
    assert loaded(destination, changes, plan="2") == []
    assert ask(url, "SELECT id FROM pets") == [(2,)]
    assert not caplog.records


def test_an_answer_that_is_lost_after_the_commit_is_asked_for_again(
    postgresql: Server, url: str, tmp_path: Path
) -> None:
    """The outcome is unknown to us; the plan is loaded again, and the database knows it (R20)."""
    loaded(SqlDestination(url), changeset(PETS, tmp_path, inserts=[REX]))
    changes = changeset(PETS, tmp_path, inserts=[MIA], deletes=[REX])
    with deaf_to(b"COMMIT", postgresql.port) as port:
        lossy = SqlDestination(url.replace(str(postgresql.port), str(port)))
        with pytest.raises(TransientError):
            loaded(lossy, changes, plan="2")
    assert ask(url, "SELECT id FROM pets") == [(2,)]
    ask(url, "UPDATE pets SET name = 'Mimi'")
    assert loaded(SqlDestination(url), changes, plan="2", fence=2) == []
    assert ask(url, "SELECT name FROM pets") == [("Mimi",)]


@contextmanager
def deaf_to(word: bytes, port: int) -> Iterator[int]:
    """A way to the server that passes this word on when it ends a load, but not the answer to it."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=_serve, args=(door, word, port), daemon=True)
        thread.start()
        yield door.getsockname()[1]


def _serve(door: socket.socket, word: bytes, port: int) -> None:
    while True:
        try:
            near, _ = door.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        lost = threading.Event()
        threading.Thread(target=_pass_on, args=(near, far, word, lost), daemon=True).start()
        threading.Thread(target=_pass_back, args=(far, near, lost), daemon=True).start()


def _pass_on(near: socket.socket, far: socket.socket, word: bytes, lost: threading.Event) -> None:
    seen = False
    while piece := near.recv(65536):
        seen = seen or b"SET fence" in piece
        if seen and word in piece:
            lost.set()
        far.sendall(piece)
    far.close()


def _pass_back(far: socket.socket, near: socket.socket, lost: threading.Event) -> None:
    while piece := far.recv(65536):
        if lost.is_set():
            near.shutdown(socket.SHUT_RDWR)
            return
        near.sendall(piece)
