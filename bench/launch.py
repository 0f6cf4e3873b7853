"""Run a command and write what it took: `python -I -S launch.py RESULT SECONDS COMMAND...`.

A process of its own, and a small one: the peak memory of a process counts that of the one which started it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(result: str, seconds: str, *command: str) -> None:
    """Seconds, CPU seconds and peak MiB of a command and of its children; past its time it is killed."""
    begun = time.perf_counter()
    with Path(result + ".log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    for reason in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(reason, lambda *_: os.killpg(process.pid, signal.SIGKILL))
    signal.alarm(int(seconds))
    _, status, usage = os.wait4(process.pid, 0)
    found = {
        "code": os.waitstatus_to_exitcode(status),
        "wall": time.perf_counter() - begun,
        "client": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
    }
    Path(result).write_text(json.dumps(found))


main(*sys.argv[1:])
