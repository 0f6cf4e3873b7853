"""What a command costs: seconds, CPU seconds of the client and of the server, and the client's peak memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import psycopg

LIMIT_SECONDS = 900
_LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Cost:
    """Wall seconds, CPU seconds of the client with its children, CPU seconds of the server, MiB of the client."""

    wall: float
    client: float
    server: float
    memory: float

    @property
    def cpu(self) -> float:
        """CPU seconds of both."""
        return self.client + self.server


def median(costs: Sequence[Cost]) -> Cost:
    """Each figure's median by itself."""
    return Cost(*(statistics.median(getattr(cost, field.name) for cost in costs) for field in fields(Cost)))


class Meter:
    """Runs commands, one at a time, beside a server that does nothing else."""

    def __init__(self, url: str, folder: Path) -> None:
        """Measure the server behind `url`; logs go to `folder`."""
        self._folder = folder
        with psycopg.connect(url) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        self._postmaster = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> Cost:
        """What a command takes.

        Raises:
            SystemExit: it failed, or took longer than `LIMIT_SECONDS`; with the end of what it printed.
        """
        self._rest()
        result, before = self._folder / "result.json", self._server_seconds()
        settings = dict(os.environ) | dict(environment)
        launch = [sys.executable, "-I", "-S", str(_LAUNCH), str(result), str(LIMIT_SECONDS), *command]
        subprocess.run(launch, check=True, env=settings, cwd=self._folder)
        found = json.loads(result.read_text())
        if found.pop("code") != 0:
            log = Path(f"{result}.log").read_text(errors="replace")
            raise SystemExit(f"this failed after {found['wall']:.0f} s: {' '.join(command)}\n{log[-3000:]}")
        self._rest()
        return Cost(**found, server=self._server_seconds() - before)

    def _rest(self) -> None:
        """Wait until the server's processes for clients are gone: what they used is known when they have ended."""
        deadline = time.monotonic() + 5
        while any(_serves_a_client(child) for child in self._children()) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _server_seconds(self) -> float:
        """The CPU seconds of all processes of the server, ended ones too."""
        ticks = sum(_ticks(process)[0] for process in (self._postmaster, *self._children()))
        return (ticks + _ticks(self._postmaster)[1]) / os.sysconf("SC_CLK_TCK")

    def _children(self) -> list[int]:
        file = Path(f"/proc/{self._postmaster}/task/{self._postmaster}/children")
        return [int(child) for child in file.read_text().split()]


def _serves_a_client(process: int) -> bool:
    try:
        return "127.0.0.1" in Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return False


def _ticks(process: int) -> tuple[int, int]:
    """What a process has used, and its ended children; of one that has just ended, nothing any more."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]
    except OSError:
        return 0, 0
    own, system, children, their_system = map(int, words)
    return own + system, children + their_system
