"""Our side: the whole process `syncline run`, in a workspace of its own."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bench import data

_CONNECTION = f"""\
connection: bench
source:      {{kind: sql, url: "${{env:BENCH_SOURCE}}"}}
destination: {{kind: sql, url: "${{env:BENCH_DESTINATION}}"}}
models:
  ITEMS:
    from: {data.TABLE}
    key: [id]
    cursor: updated_at
"""


@dataclass
class Ours:
    """A workspace with one connection, one model, and the store that is there by itself."""

    name: str
    source: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, destination: str) -> None:
        """Begin with an empty database and an empty workspace."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "connections").mkdir(parents=True)
        (self.folder / "connections/bench.yaml").write_text(_CONNECTION)
        self.environment = {
            "BENCH_SOURCE": self.source,
            "BENCH_DESTINATION": destination,
            "SYNCLINE_WORKSPACE": str(self.folder),
        }

    def command(self, task: str) -> list[str]:
        """The command for `first`, `incremental` or `full`."""
        program = str(Path(sys.executable).with_name("syncline"))
        return [program, "run", *["--full"] * (task == "full")]
