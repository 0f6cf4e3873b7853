"""How long it takes, and how much memory, to compare two versions of a model: `python -m bench.diff [ROWS]`.

Both sides lie in files in the order of the key, as snapshots do; 1 % of the rows were updated and 0.5 % deleted. Each
kind of key is measured in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa

from syncline import DataModel, diff, engine, snapshot
from syncline.changes import RowFile
from syncline.snapshot import Layers

ROWS = 10_000_000
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "code": pa.string(),
        "number": pa.int32(),
        "weight": pa.float64(),
        "title": pa.string(),
        "price": pa.decimal128(12, 2),
        "changed": pa.timestamp("us", tz="UTC"),
        "note": pa.string(),
    }
)
KEYS = {"integer": ("id",), "text": ("code",), "text and integer": ("code", "id")}
_COLUMNS = """
    i AS c0, md5(i::VARCHAR) AS c1, ({number})::INTEGER AS c2, i * 1.5::DOUBLE AS c3, 'Nämé ' || i AS c4,
    (i / 100)::DECIMAL(12,2) AS c5, TIMESTAMPTZ '2026-01-01' + INTERVAL (i) SECOND AS c6,
    CASE WHEN i % 3 = 0 THEN 'note' END AS c7, '' AS _part, 'insert' AS _op
"""


def prepare(folder: Path, rows: int, key: tuple[str, ...]) -> None:
    """Write both sides."""
    order = ", ".join(f"c{SCHEMA.get_field_index(column)}" for column in key)
    sides = {
        "before": ("i % 1000", "true"),
        "after": ("CASE WHEN i % 100 = 7 THEN -1 ELSE i % 1000 END", "i % 200 <> 3"),
    }
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(folder / "spill")}) as made:
        for side, (number, there) in sides.items():
            rows_there = f"SELECT {_COLUMNS.format(number=number)} FROM range({rows}) AS r (i) WHERE {there}"
            as_parquet = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
            made.execute(f"COPY ({rows_there} ORDER BY {order}) TO '{folder}/{side}.parquet' ({as_parquet})")


def measure(folder: Path, rows: int, key: tuple[str, ...]) -> str:
    """Compare them, in this process; the figures as a line."""
    model = DataModel("ROWS", SCHEMA, key)
    began = time.monotonic()
    with engine.opened(folder) as opened:
        before, after = (
            snapshot.relation(Layers((RowFile.of(model, side, rows),), rows=rows), model, lambda name: folder / name)
            for side in ("before.parquet", "after.parquet")
        )
        slices = diff.sliced(opened, model, before, rows)
        found = diff.compare(opened, model, before, after, slices=slices)
    used = resource.getrusage(resource.RUSAGE_SELF)
    wall, cpu, memory = time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    return f"{found.updated:>9,} {found.deleted:>9,} {wall:>7.1f} {cpu:>7.1f} {memory:>7.0f}"


def main(rows: int) -> None:
    """Measure each kind of key."""
    print(f"{rows:,} rows a side")
    print(f"{'key':18}{'updated':>9} {'deleted':>9} {'wall s':>7} {'CPU s':>7} {'MiB':>7}")
    for name, key in KEYS.items():
        with tempfile.TemporaryDirectory() as folder:
            inner = [sys.executable, "-m", "bench.diff", str(rows), folder]
            for step in ("prepare", "measure"):  # each in a process of its own, for memory is counted by process
                done = subprocess.run([*inner, step, *key], check=True, capture_output=True, text=True)
            print(f"{name:18}{done.stdout.rstrip()}")


if __name__ == "__main__":
    if "prepare" in sys.argv:
        prepare(Path(sys.argv[2]), int(sys.argv[1]), tuple(sys.argv[4:]))
    elif "measure" in sys.argv:
        print(measure(Path(sys.argv[2]), int(sys.argv[1]), tuple(sys.argv[4:])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
