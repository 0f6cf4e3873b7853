"""The command line."""

from __future__ import annotations

import os

__all__ = ["main"]


def main(args: list[str] | None = None) -> int:
    """Run the program as the shell calls it; gives the exit code, or without `args` ends the process with it.

    0 done, 1 failed, 2 usage or configuration, 3 done but something was rejected or withheld.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy, which comes with Arrow, else starts some for nothing
    from syncline.cli.app import main as program  # noqa: PLC0415 - it imports Arrow

    return program(args)
