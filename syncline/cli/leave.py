"""Leaving the program."""

from __future__ import annotations

import atexit
import os
import sys
import threading


def leave(code: int) -> None:
    """End the process with this exit code, once everything that waits for the end is done.

    Python would then take all modules apart, which takes longer than a short command. Where threads are still at work,
    or what was printed finds nobody, this returns, and Python ends as usual.
    """
    if threading.active_count() > 1:
        return
    try:
        atexit._run_exitfuncs()  # noqa: SLF001 - temporary folders, connections, whoever measures coverage
        for printed in (sys.stdout, sys.stderr):
            printed.flush()
    except (AttributeError, OSError, ValueError):  # not there, gone, or closed
        return
    os._exit(code)
