"""The peer: dlt, as its documentation copies one database to another, in an environment of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

_SCRIPT = Path(__file__).with_name("peer_pipeline.py")


@dataclass
class Peer:
    """A pipeline that knows the key and the cursor. `python` has dlt installed (`bench/requirements.txt`)."""

    name: str
    source: str
    folder: Path
    python: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, destination: str) -> None:
        """Begin with an empty database and no memory of an earlier run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.environment = {
            "BENCH_SOURCE": self.source,
            "BENCH_DESTINATION": destination,
            "BENCH_FOLDER": str(self.folder),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }

    def command(self, task: str) -> list[str]:
        """The command for `first`, `incremental` or `full`."""
        return [str(self.python.absolute()), str(_SCRIPT), task]
