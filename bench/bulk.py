"""Rows pushed in bulk, beside an endpoint written by hand: `python -m bench.bulk`, or `--batches 20` for a quick look.

How to read what it prints stands in README.md beside this file.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from bench.bulk_peer import KEY
from syncline.people import Role, Scope
from syncline.workspace import Workspace
from tests.contracts.postgresql import Server, running

BATCH, ROUND = 1000, 8
EXAMPLE = Path(__file__).parents[1] / "examples/steel"


@dataclass(frozen=True)
class Side:
    """A server that takes items."""

    name: str
    process: int
    port: int
    path: str
    key: str

    def cpu(self) -> float:
        """The CPU seconds it has used."""
        words = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def send(self, bodies: Sequence[bytes]) -> list[float]:
        """Send one after another; the seconds that each took."""
        connection, took = http.client.HTTPConnection("127.0.0.1", self.port), []
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        for body in bodies:
            begun = time.perf_counter()
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            told = answer.read()
            assert answer.status == http.HTTPStatus.OK, told
            took.append(time.perf_counter() - begun)
        return took


def bodies(batches: int, turn: int) -> list[bytes]:
    """Batches of pieces; in another turn the same pieces have other weights."""
    return [json.dumps([_piece(batch * BATCH + at, turn) for at in range(BATCH)]).encode() for batch in range(batches)]


def _piece(number: int, turn: int) -> dict[str, object]:
    return {
        "guid": str(UUID(int=number * 7919)),
        "assembly_guid": str(UUID(int=number // 10)),
        "mark": f"P{number}",
        "profile": "IPE 300 ✓",
        "grade": "S355J2",
        "quantity": number % 40,
        "length": 1000.5 + number % 9000,
        "weight": 12.125 + turn,
        "painted": number % 2 == 0,
        "updated_at": f"2026-01-01T00:00:{number % 60:02d}Z",
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=100)
    said = parser.parse_args()
    print(f"{said.batches} batches of {BATCH} items each time; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':36}{'items/s':>9}{'median ms':>11}{'p99 ms':>8}{'CPU ms a batch':>16}")
    with tempfile.TemporaryDirectory() as folder, running() as server, _sides(Path(folder), server) as sides:
        for side in sides:
            side.send(bodies(1, 99))
        for clients in (1, 4):
            for turn, task in (
                (2 * clients, "new or other"),
                (2 * clients + 1, "other"),
                (2 * clients + 1, "the same"),
            ):
                _compare(f"{task}, {clients} at a time", sides, bodies(said.batches, turn), clients)


@dataclass
class Line:
    """What a side took, over all rounds."""

    side: Side
    took: list[float] = field(default_factory=list)
    wall: float = 0
    cpu: float = 0

    def measure(self, sent: Sequence[bytes], clients: int) -> None:
        """Send some batches from several clients."""
        begun, used = time.perf_counter(), self.side.cpu()
        with ThreadPoolExecutor(clients) as pool:
            for each in pool.map(self.side.send, [sent[at::clients] for at in range(clients)]):
                self.took += each
        self.wall += time.perf_counter() - begun
        self.cpu += self.side.cpu() - used


def _compare(title: str, sides: Sequence[Side], sent: Sequence[bytes], clients: int) -> None:
    """In turns of a few batches, so that what else the machine does falls on both."""
    lines = [Line(side) for side in sides]
    for at in range(0, len(sent), ROUND):
        for line in lines:
            line.measure(sent[at : at + ROUND], clients)
    for line in lines:
        speed = len(sent) * BATCH / line.wall
        p99 = statistics.quantiles(line.took, n=100, method="inclusive")[98] * 1e3
        shown = f"{speed:9,.0f}{statistics.median(line.took) * 1e3:11.1f}{p99:8.1f}{line.cpu / len(sent) * 1e3:16.1f}"
        print(f"{title + ': ' + line.side.name:36}{shown}", flush=True)


@contextmanager
def _sides(folder: Path, server: Server) -> Iterator[list[Side]]:
    shutil.copytree(EXAMPLE, folder / "steel", ignore=shutil.ignore_patterns(".syncline", "*.db"))
    os.environ["SYNCLINE_DATABASE_URL"] = server.new_database()
    workspace = Workspace.open(folder / "steel")
    _, key = workspace.people().create_key("bench", [Scope.SYNC_WRITE], role=Role.INTEGRATION)
    workspace.store.close()
    ours = {"SYNCLINE_WORKSPACE": str(folder / "steel")}
    peer = {"PEER_DATABASE": server.new_database()}
    with _served("syncline.web:app", ours, "--factory") as one, _served("bench.bulk_peer:app", peer) as other:
        yield [Side("by hand", *other, "/pieces", KEY), Side("Syncline", *one, "/api/v1/sync/pieces", key)]


@contextmanager
def _served(app: str, environment: dict[str, str], *more: str) -> Iterator[tuple[int, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", app, *more, "--port", str(port), "--log-level", "warning"]
    with subprocess.Popen(command, env={**os.environ, **environment}) as process:
        try:
            _await(port)
            yield process.pid, port
        finally:
            process.send_signal(signal.SIGINT)


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise SystemExit("a server does not start")


if __name__ == "__main__":
    main()
