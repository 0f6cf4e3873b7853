"""Trying again where that may help."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from syncline.errors import TransientError

_Given = TypeVar("_Given")
TRIES = 3
_log = logging.getLogger("syncline")


def patient(attempt: Callable[[], _Given], *, pause: float = 0.5) -> _Given:
    """Try again where that may help: three times, waiting longer each time, or as long as the other side asks.

    Raises:
        TransientError: it did not help.
    """
    for tried in range(1, TRIES):
        try:
            return attempt()
        except TransientError as error:
            wait = error.retry_after or pause * 2**tried * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            _log.warning("%s; trying again in %.1f s", error, wait)
            time.sleep(wait)
    return attempt()
