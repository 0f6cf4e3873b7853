"""A run from what was pushed that ends its own life: `python -m tests.edge.mortal_pushed FOLDER POINT`."""

import sys
from typing import Any

from syncline import Request, pipeline
from syncline.pushed import source
from syncline.workspace import Workspace
from tests.edge.mortal import Fate, MortalStore, in_small_batches, mortal_steps, trace_databases


def main(folder: str, point: str) -> None:
    fate = Fate(point)
    in_small_batches()
    source.PAGE_ROWS = 40
    trace_databases(fate)
    workspace = Workspace.open(folder)
    mortal: Any = MortalStore(workspace.store, fate)
    pipeline.sync(workspace.connection("copy"), Request(), mortal, workspace.storage, steps=mortal_steps(fate))


if __name__ == "__main__":
    main(*sys.argv[1:])
