"""Whether two tables are equal, told by DuckDB from exported rows: none of our own code has a say.

`python -m bench.equality SOURCE DESTINATION TABLE FOLDER` prints how many rows only one of them has, and which
columns differ. A process of its own, so that its memory is nobody else's.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

from bench import data
from bench.limit import psql

_READ = "read_csv('{}', header = false, all_varchar = true, nullstr = '\\N', allow_quoted_nulls = false, columns = {})"


def compared(source: str, destination: str, table: str, folder: Path) -> str:
    """`equal`, or how many rows stand on one side only, each as often as it does, and which columns differ.

    Columns are compared as the source's types, for peers choose types of their own.
    """
    command = [sys.executable, "-m", "bench.equality", source, destination, table, str(folder)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main(source: str, destination: str, table: str, folder: str) -> None:
    """Export both, and count."""
    files = [Path(folder) / "source.csv", Path(folder) / "destination.csv"]
    _export(source, data.TABLE, files[0])
    _export(destination, table, files[1])
    kinds = dict.fromkeys(data.COLUMNS, "VARCHAR")
    ours, theirs = (_READ.format(file, kinds) for file in files)
    with duckdb.connect() as engine:
        engine.execute("SET memory_limit = '4GB'; SET enable_progress_bar = false")
        engine.execute(f"SET temp_directory = '{folder}/duckdb'")
        query = "SELECT count(*) FROM (FROM {} EXCEPT ALL FROM {})"
        counts = [engine.sql(query.format(*pair)).fetchall()[0][0] for pair in ((ours, theirs), (theirs, ours))]
        print(f"{sum(counts):,} ROWS DIFFER: {_columns(engine, ours, theirs)}" if sum(counts) else "equal")
    for file in files:
        file.unlink()


def _columns(engine: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> str:
    """The columns that differ, with the number of their rows; keys that only one side has."""
    names = [name for name in data.COLUMNS if name != "id"]
    counts = ", ".join(f"count(*) FILTER (a.{name} IS DISTINCT FROM b.{name})" for name in names)
    both = engine.sql(f"SELECT {counts} FROM {ours} AS a JOIN {theirs} AS b USING (id)").fetchall()[0]
    alone = engine.sql(
        f"SELECT count(*) FROM (SELECT id FROM {ours}) AS a FULL JOIN (SELECT id FROM {theirs}) AS b "
        "USING (id) WHERE a.id IS NULL OR b.id IS NULL"
    ).fetchall()[0]
    found = zip([*names, "only on one side"], [*both, *alone], strict=True)
    return ", ".join(f"{name} {count:,}" for name, count in found if count)


def _export(url: str, table: str, file: Path) -> None:
    columns = ", ".join(f"{name}::{kind}" for name, kind in data.COLUMNS.items())
    query = f"COPY (SELECT {columns} FROM {table}) TO STDOUT (FORMAT csv, NULL '\\N')"
    with file.open("wb") as out:
        subprocess.run(
            f'{psql()} "$URL" -c "$QUERY"', check=True, shell=True, stdout=out, env={"URL": url, "QUERY": query}
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
