"""What a transform takes beside the bare engine and bare pandas: `python -m bench.transform [ROWS] [TIMES]`.

Expressions, a function on Arrow tables and one on frames make the same of the same file, by ourselves and by the bare
library: DuckDB's COPY from Parquet to Parquet, pyarrow's and pandas' read, call and write of the whole file. The sides
take turns, each time in a process of its own, for memory is counted by process; the median counts.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROWS, TIMES = 1_000_000, 3
FIELDS = {
    "id": "id",
    "label": "upper(title) || ' ' || code",
    "total": "CAST(price * number AS decimal(18,2))",
    "day": "CAST(changed AS date)",
    "note": "coalesce(note, '-')",
}
FILTER = "number >= 100"
FUNCTIONS = """
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def table(rows: pa.Table) -> pa.Table:
    rows = rows.filter(pc.greater_equal(rows["number"], 100))
    label = pc.binary_join_element_wise(pc.utf8_upper(rows["title"]), rows["code"], " ")
    total = pc.multiply(rows["weight"], rows["number"].cast(pa.float64()))
    made = {"id": rows["id"], "label": label, "total": total, "day": rows["changed"].cast(pa.date32(), safe=False)}
    return pa.table({**made, "note": rows["note"].fill_null("-")})


def frame(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["number"] >= 100].copy()
    rows["label"] = rows["title"].str.upper() + " " + rows["code"]
    rows["total"] = rows["weight"] * rows["number"]
    rows["note"] = rows["note"].fillna("-")
    return rows[["id", "label", "total", "changed", "note"]]
"""
_SETTINGS = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"


def prepare(folder: Path, rows: int) -> None:
    """The rows, under their names and at rest, and the functions."""
    import duckdb  # noqa: PLC0415

    from bench.diff import SCHEMA  # noqa: PLC0415 - each process imports what it measures
    from bench.diff import prepare as write  # noqa: PLC0415

    write(folder, rows, ("id",))
    names = ", ".join(f"c{at} AS {name}" for at, name in enumerate(SCHEMA.names))
    duckdb.sql(f"COPY (SELECT {names} FROM '{folder}/before.parquet') TO '{folder}/named.parquet' ({_SETTINGS})")
    (folder / "bench_functions.py").write_text(FUNCTIONS)


def ours(folder: Path, **declared: object) -> None:
    """Ourselves, with all that belongs to it."""
    from bench.diff import SCHEMA  # noqa: PLC0415
    from syncline import DataModel, engine  # noqa: PLC0415
    from syncline.transform import Transform  # noqa: PLC0415

    model = DataModel("ROWS", SCHEMA, ("id",))
    transform = Transform(folder=folder, **declared)  # type: ignore[arg-type]
    made = transform.made(model)
    with engine.opened(folder) as opened:
        query = f"SELECT * FROM read_parquet('{folder}/before.parquet')"
        assert not transform.make(opened, query, model, made, folder / "made.parquet").rejections


def bare_duckdb(folder: Path) -> None:
    """One COPY."""
    import duckdb  # noqa: PLC0415

    made = ", ".join(f"{expression} AS {name}" for name, expression in FIELDS.items())
    rows = f"SELECT {made} FROM '{folder}/named.parquet' WHERE {FILTER}"
    duckdb.sql("SET preserve_insertion_order = false")
    duckdb.sql(f"COPY ({rows}) TO '{folder}/bare.parquet' ({_SETTINGS})")


def bare_pyarrow(folder: Path) -> None:
    """Read all, call, write all."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    sys.path.insert(0, str(folder))
    import bench_functions  # type: ignore[import-not-found]  # noqa: PLC0415

    rows = bench_functions.table(pq.read_table(folder / "named.parquet"))
    pq.write_table(rows, folder / "bare.parquet", compression="zstd", compression_level=1)


def bare_pandas(folder: Path) -> None:
    """Read all, call, write all."""
    import pandas as pd  # noqa: PLC0415

    sys.path.insert(0, str(folder))
    import bench_functions  # noqa: PLC0415

    rows = bench_functions.frame(pd.read_parquet(folder / "named.parquet", dtype_backend="pyarrow"))
    rows.to_parquet(folder / "bare.parquet", compression="zstd", compression_level=1)


SIDES: Mapping[str, Callable[[Path], None]] = {
    "bare DuckDB": bare_duckdb,
    "expressions": lambda folder: ours(folder, fields=FIELDS, filter=FILTER),
    "bare pyarrow": bare_pyarrow,
    "function on tables": lambda folder: ours(folder, function="bench_functions:table"),
    "bare pandas": bare_pandas,
    "function on frames": lambda folder: ours(folder, function="bench_functions:frame"),
}


def measure(side: str, folder: Path) -> None:
    """Run a side in this process, and print its figures: wall seconds, CPU seconds, MiB."""
    began = time.monotonic()
    SIDES[side](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main(rows: int, times: int) -> None:
    """Measure all sides, one after another in each turn; each of ours against the bare one above it."""
    figures: dict[str, list[list[float]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        inner = [sys.executable, "-m", "bench.transform", str(rows), str(times), folder]
        subprocess.run([*inner, "prepare"], check=True)
        for _ in range(times):
            for side in SIDES:
                done = subprocess.run([*inner, side], check=True, capture_output=True, text=True)
                figures[side].append([float(figure) for figure in done.stdout.split()])
    medians = {side: [statistics.median(turn) for turn in zip(*found, strict=True)] for side, found in figures.items()}
    print(f"{rows:,} rows, median of {times}\n{'':20}{'wall s':>8}{'CPU s':>8}{'MiB':>8}   against the bare one")
    bare: list[float] = []
    for side, found in medians.items():
        ratios = "" if side.startswith("bare") else "   ".join(f"{a / b:.2f}" for a, b in zip(found, bare, strict=True))
        bare = found if side.startswith("bare") else bare
        print(f"{side:20}{found[0]:8.2f}{found[1]:8.2f}{found[2]:8.0f}   {ratios}".rstrip())


if __name__ == "__main__":
    counts = [int(word) for word in sys.argv[1:3]]
    if len(sys.argv) > 3:
        (prepare(Path(sys.argv[3]), counts[0]) if sys.argv[4] == "prepare" else measure(sys.argv[4], Path(sys.argv[3])))
    else:
        main(*[*counts, *(ROWS, TIMES)[len(counts) :]])
