"""Full disks, damaged stores, databases left unfinished: one message, nothing half done, and the next run goes on."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from tests.edge.shop import Call, configure, copied, fill, sql

PROGRAM = [sys.executable, "-m", "syncline", "run"]
OWN_MOUNTS = ["unshare", "--map-root-user", "--mount"]
ON_A_SMALL_DISK = """
mount -t tmpfs -o size=16m small small
head -c $((16384 * 1024 - $1 * 1024)) /dev/zero > small/.ballast; shift
"$@"; echo "code $?"
rm small/.ballast
"$@"; echo "code $?"
cp -r small kept
"""


@cache
def may_mount() -> bool:
    try:
        return subprocess.run([*OWN_MOUNTS, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def run_on_a_small_disk(shop: Path, kilobytes: int, **variables: str) -> subprocess.CompletedProcess[str]:
    """Two runs: in the second there is room. What was on the disk is in the folder `kept` afterwards."""
    if not may_mount():
        pytest.skip("a disk of our own takes `unshare`")
    (shop / "small").mkdir()
    command = [*OWN_MOUNTS, "sh", "-c", ON_A_SMALL_DISK, "sh", str(kilobytes), *PROGRAM]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=shop, env={**os.environ, **variables}
    )
    assert "Traceback" not in done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("code")] == ["code 1", "code 0"], done.stderr
    return done


def test_a_full_disk_at_the_destination_leaves_its_table_as_it_was(shop: Path) -> None:
    fill(shop, 4, 9000)
    configure(shop, "sqlite:///example/copy.db", "sqlite:///small/copy.db")
    done = run_on_a_small_disk(shop, 300)
    assert "connections/example.yaml:11: no space is left for" in done.stderr
    assert "make room on the disk, then run again" in done.stderr
    assert sql(shop / "kept" / "copy.db", "SELECT count(*), count(DISTINCT id) FROM books") == [(9000, 9000)]


@pytest.mark.parametrize("rows", [40_000, 200_000])
def test_a_full_disk_for_the_snapshot_leaves_the_destination_alone(shop: Path, rows: int) -> None:
    """The disk is full at the end of the only piece that is written, or at the first of several."""
    fill(shop, 4, rows)
    done = run_on_a_small_disk(shop, 20, SYNCLINE_STORAGE_URL="small")
    assert "example BOOKS failed: connections/example.yaml:11: the disk is full" in done.stderr
    assert "make room where the storage lies" in done.stderr
    told = "error, 40,000 read" if rows == 40_000 else "example BOOKS: error"  # the other had not read a whole piece
    assert told in done.stderr.partition("code")[0]
    assert len(copied(shop)) == rows


def test_a_full_disk_for_the_store_is_told_at_once(shop: Path) -> None:
    done = run_on_a_small_disk(shop, 40, SYNCLINE_DATABASE_URL="sqlite:///small/store.db")
    assert "store.db: the disk is full" in done.stderr
    assert "make room" in done.stderr
    assert len(copied(shop)) == 3


def test_a_destination_that_may_not_grow_is_told_and_left_as_it_was(shop: Path) -> None:
    """Where no disk of our own can be had: a limit on the size of files is felt there first."""
    fill(shop, 4, 60000)
    limit = 600_000
    done = subprocess.run(
        PROGRAM,
        check=False,
        capture_output=True,
        text=True,
        cwd=shop,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "copy.db cannot be read or written: disk I/O error" in done.stderr
    assert copied(shop) == []
    assert subprocess.run(PROGRAM, check=False, capture_output=True, cwd=shop).returncode == 0
    assert len(copied(shop)) == 60000


HALF = ["CREATE TABLE a (b)", f"INSERT INTO a VALUES ('{'x' * 99999}')", "CREATE TABLE syncline_run (id)"]
BROKEN_STORES: list[tuple[str, Callable[[Path], object], str]] = [
    ("garbage", lambda path: path.write_bytes(b"no database " * 99), "the file is not a SQLite database"),
    ("folder", lambda path: path.mkdir(), "the file cannot be opened"),
    ("half a database", lambda path: (sql(path, *HALF), os.truncate(path, 8192)), "the file is damaged"),
]


@pytest.mark.parametrize(("kind", "damage", "said"), BROKEN_STORES)
def test_a_store_that_cannot_be_read_stops_every_command_before_anything_happens(
    shop: Path, call: Call, kind: str, damage: Callable[[Path], object], said: str
) -> None:
    damage(shop / ".syncline" / "store.db")
    for command in (["run"], ["plan", "example"], ["runs"], ["check"]):
        answer = call(*command)
        assert answer.code == 2
        assert f"store.db: {said}" in answer.out + answer.err
    assert not (shop / "example" / "copy.db").exists()


def test_a_store_that_is_out_of_reach_is_told_without_its_password(
    shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCLINE_DATABASE_URL", "postgresql://me:s3same@127.0.0.1:1/store")
    answer = call("run")
    assert (answer.code, "s3same" in answer.err) == (1, False)
    assert "Connection refused" in answer.err
    assert "check SYNCLINE_DATABASE_URL" in answer.err
    assert not (shop / "example" / "copy.db").exists()


def test_a_store_from_the_future_is_not_touched(shop: Path, call: Call) -> None:
    call("run")
    (table,) = sql(shop / ".syncline" / "store.db", "SELECT name FROM sqlite_schema WHERE sql LIKE '%version_num%'")[0]
    sql(shop / ".syncline" / "store.db", f"UPDATE {table} SET version_num = '9999'")
    answer = call("run")
    assert (answer.code, "by a newer version of Syncline" in answer.err) == (2, True)


def half_written(database: Path, table: str) -> None:
    """A program is killed while a transaction of it is on disk in part."""
    code = (
        "import os, signal, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('PRAGMA cache_size = 2')\n"
        "database.execute('BEGIN')\n"
        f"database.execute(\"UPDATE {table} SET title = 'half ' || title\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(database)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert database.with_name(f"{database.name}-journal").stat().st_size > 0


def test_a_source_left_unfinished_by_its_own_program_is_told_and_not_mended_by_us(shop: Path, call: Call) -> None:
    fill(shop, 4, 3000)
    half_written(shop / "example" / "shop.db", "book")
    answer = call("run")
    assert answer.code == 1
    assert "a program was ended while it wrote to" in answer.err
    assert "open it once with that program" in answer.err
    with closing(sqlite3.connect(shop / "example" / "shop.db")) as opened:
        opened.execute("SELECT * FROM book").fetchone()
    assert (call("run").code, copied(shop)[0]) == (0, (1, "Flatland"))


def test_a_destination_left_unfinished_by_another_program_is_mended(shop: Path, call: Call) -> None:
    fill(shop, 4, 3000)
    call("run")
    half_written(shop / "example" / "copy.db", "books")
    assert call("run", "--resend").code == 0
    assert copied(shop)[0] == (1, "Flatland")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("what", ["example/copy.db", "example"])
def test_a_destination_that_may_not_be_written_is_told(shop: Path, call: Call, what: str) -> None:
    call("run")
    fill(shop, 4, 9)
    (shop / what).chmod(0o555)
    answer = call("run", "--full")
    (shop / what).chmod(0o755)
    assert (answer.code, "change its permissions" in answer.err or "check its permissions" in answer.err) == (1, True)
    assert len(copied(shop)) == 3
