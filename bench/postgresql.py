"""PostgreSQL to PostgreSQL, beside the limit and the peer: `make bench`, or `python -m bench.postgresql --rows 100000`.

How to read what it prints stands in README.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psycopg

from bench import data, equality
from bench.limit import Limit
from bench.measure import Meter
from bench.ours import Ours
from bench.peer import Peer
from bench.report import HEAD, Aim, Line, Scenario, write
from tests.contracts.postgresql import Server, running

BUILD = Path("build/bench")
LIMIT, ANEW, OURS, PEER = "psql COPY", "psql COPY, key made after", "syncline run", "dlt"


class Side(Protocol):
    """One way to copy a table."""

    name: str
    environment: dict[str, str]

    def start(self, destination: str) -> None:
        """Begin with an empty database."""

    def command(self, task: str) -> list[str]:
        """The command for `first`, `incremental` or `full`."""


@dataclass
class Bench:
    """A server with the source, and the sides with what they have copied to."""

    server: Server
    folder: Path
    rows: int
    times: int
    source: str
    meter: Meter
    destinations: dict[str, str] = field(default_factory=dict)

    def first(self, name: str, sides: Sequence[Side]) -> Scenario:
        """Copy everything into an empty database, in each turn anew."""
        lines = {side.name: Line(side.name) for side in sides}
        for _ in range(self.times):
            for side in sides:
                self._start(side)
                self._measure(side, "first", lines[side.name])
        return self._compared(name, lines)

    def again(self, name: str, task: str, sides: Sequence[Side], change: str = "") -> Scenario:
        """Do `task` once the source has changed (`update` or `mix`), in each turn otherwise."""
        lines = {side.name: Line(side.name) for side in sides}
        for turn in range(self.times):
            if change == "update":
                data.update(self.source, turn)
            if change == "mix":
                data.mix(self.source, self.rows, turn)
            data.settle(self.source, *(self.destinations[side.name] for side in sides))
            for side in sides:
                self._measure(side, task, lines[side.name])
        return self._compared(name, lines)

    def _start(self, side: Side) -> None:
        if old := self.destinations.get(side.name):
            with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {old.rpartition('/')[2]} WITH (FORCE)".encode())
        self.destinations[side.name] = self.server.new_database()
        side.start(self.destinations[side.name])
        data.settle(self.destinations[side.name])

    def _measure(self, side: Side, task: str, line: Line) -> None:
        cost = self.meter.run(side.command(task), side.environment)
        line.costs.append(cost)
        print(f"    … {task} by {side.name}: {cost.wall:.2f} s", flush=True)

    def _compared(self, name: str, lines: dict[str, Line]) -> Scenario:
        for side, line in lines.items():
            table = f"copied.{data.TABLE}" if side == PEER else data.TABLE
            line.rows = equality.compared(self.source, self.destinations[side], table, self.folder)
        scenario = Scenario(name, list(lines.values()))
        print(f"{scenario}\n", flush=True)
        return scenario


def main() -> None:
    """Measure, print, and write `build/bench/postgresql.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--big", action="store_true", help="our memory at five times the rows as well")
    parser.add_argument("--no-peer", action="store_true")
    said = parser.parse_args()
    with _bench(said.rows, said.times) as bench:
        machine = _machine(bench)
        print(f"{machine}\n{HEAD}")
        scenarios = _scenarios(bench, peer=not said.no_peer)
    aims = _aims(scenarios)
    if said.big:
        with _bench(5 * said.rows, 1) as bench:
            more = _memory(bench)
        scenarios += more
        aims += _memory_aims(scenarios[0], more[0])
    print(*aims, sep="\n")
    write(BUILD / "postgresql.json", machine | {"load at the end": os.getloadavg()}, scenarios, aims)


@contextmanager
def _bench(rows: int, times: int) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="syncline-bench-") as name, running() as server:
        source = server.new_database()
        data.fill(source, rows)
        data.settle(source)
        yield Bench(server, Path(name), rows, times, source, Meter(server.url("postgres"), Path(name)))


def _scenarios(bench: Bench, *, peer: bool) -> list[Scenario]:
    limit, anew = Limit(LIMIT, bench.source), Limit(ANEW, bench.source, key_after=True)
    sides: list[Side] = [limit, Ours(OURS, bench.source, bench.folder / "ours")]
    if peer:
        sides.append(Peer(PEER, bench.source, bench.folder / "peer", BUILD / "peer/bin/python"))
    found = [
        bench.first("first sync", sides),
        bench.again("1 % changed", "incremental", sides, "update"),
        bench.again("nothing changed", "incremental", sides),
    ]
    bench.destinations[ANEW] = anew.destination = bench.destinations[LIMIT]
    full = bench.again("full re-sync: 1 % updated, 0.5 % deleted, 0.5 % new", "full", [limit, anew, *sides[1:]], "mix")
    return [*found, full]


def _memory(bench: Bench) -> list[Scenario]:
    sides: list[Side] = [Ours(OURS, bench.source, bench.folder / "ours")]
    title = f"{bench.rows:,} rows: "
    return [bench.first(title + "first sync", sides), bench.again(title + "full re-sync", "full", sides, "mix")]


def _aims(scenarios: Sequence[Scenario]) -> list[Aim]:
    first, changed, nothing, full = scenarios
    return [
        Aim("first sync: CPU against COPY and key", first[OURS].cpu / first[LIMIT].cpu, 1.6, "x"),
        Aim("full re-sync: wall against truncate + COPY", full[OURS].wall / full[LIMIT].wall, 1.0, "x"),
        Aim("  the same, key made after", full[OURS].wall / full[ANEW].wall, 1.0, "x"),
        Aim("full re-sync: server's CPU against truncate + COPY", full[OURS].server / full[LIMIT].server, 0.4, "x"),
        Aim("  the same, key made after", full[OURS].server / full[ANEW].server, 0.4, "x"),
        Aim("1 % changed: wall", changed[OURS].wall, 1.0, " s"),
        Aim("nothing changed: wall", nothing[OURS].wall, 0.9, " s"),
        Aim("client memory, the most of all", max(each[OURS].memory for each in scenarios), 300, " MiB"),
    ]


def _memory_aims(small: Scenario, big: Scenario) -> list[Aim]:
    grown = big[OURS].memory / small[OURS].memory
    most = Aim("client memory with five times the rows", big[OURS].memory, 300, " MiB")
    return [most, Aim("  against that with the rows once", grown, 1.1, "x")]


def _machine(bench: Bench) -> dict[str, object]:
    with psycopg.connect(bench.source) as connection:
        version = connection.info.parameter_status("server_version")
    return {
        "rows": bench.rows,
        "times": bench.times,
        "postgresql": version,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load at the start": os.getloadavg(),
    }


if __name__ == "__main__":
    main()
