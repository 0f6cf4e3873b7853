"""What was measured, as a table for people and as JSON for programs. Nothing here judges: the aims stand beside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.measure import Cost, median

HEAD = f"{'':32}{'wall':>8}{'CPU':>8}{'client':>8}{'server':>8}{'memory':>8}   against the limit: wall, CPU, server"


@dataclass
class Line:
    """One side in one scenario: what each turn cost, and whether its rows were the source's at the end."""

    side: str
    costs: list[Cost] = field(default_factory=list)
    rows: str = ""


@dataclass(frozen=True)
class Aim:
    """A figure and what it is meant to be at most."""

    what: str
    figure: float
    most: float
    unit: str

    def __str__(self) -> str:
        """As a line."""
        reached = "reached" if self.figure <= self.most else "MISSED"
        return f"{self.what:58} {self.figure:8.2f}{self.unit:4} aim {self.most:.2f}{self.unit:4} {reached}"


@dataclass
class Scenario:
    """One thing that was done by all sides; the first line is the limit."""

    name: str
    lines: list[Line]

    def __getitem__(self, side: str) -> Cost:
        """The medians of a side."""
        return next(median(line.costs) for line in self.lines if line.side == side)

    def __str__(self) -> str:
        """As a table."""
        limit = median(self.lines[0].costs)
        return "\n".join([self.name, *(_shown(line, limit) for line in self.lines)])


def write(file: Path, machine: dict[str, Any], scenarios: Sequence[Scenario], aims: Sequence[Aim]) -> None:
    """Everything, each turn by itself."""
    found = {
        "machine": machine,
        "scenarios": [asdict(scenario) for scenario in scenarios],
        "aims": [asdict(aim) for aim in aims],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n")


def _shown(line: Line, limit: Cost) -> str:
    cost = median(line.costs)
    figures = f"{cost.wall:8.2f}{cost.cpu:8.2f}{cost.client:8.2f}{cost.server:8.2f}{cost.memory:8.0f}"
    ratios = [_ratio(getattr(cost, name), getattr(limit, name)) for name in ("wall", "cpu", "server")]
    return f"  {line.side:30}{figures}   {' '.join(ratios)}   {line.rows}"


def _ratio(figure: float, limit: float) -> str:
    return f"{figure / limit:6.2f}" if limit else "     -"
