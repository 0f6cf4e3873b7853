"""What the Prefect server's own process runs. It ends when the process that started it is gone, however that ended."""

import os
import runpy
import signal
import sys
import threading
import time

PATIENCE = 8.0


def end_with_parent() -> None:
    """Wait until nobody holds the other end of our input any more, then end."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.argv = ["prefect", "server", "start"]
    runpy.run_module("prefect", run_name="__main__")
