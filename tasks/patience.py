"""What may be tried again, and after how long: the same for every step."""

from __future__ import annotations

import logging
import time
from typing import Any, TypedDict

from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.tasks import exponential_backoff

from syncline.errors import TransientError

LONGEST_WAIT = 60.0
"""Seconds that a step sleeps because the other side asked for it. Whoever asks for more ends this run (R35)."""
_log = logging.getLogger("syncline")


def worth_another_try(_task: object, _run: object, state: Any) -> bool:
    """Whether trying again may help; returns when the other side is ready to be asked."""
    error = state.data
    if not isinstance(error, TransientError):
        return False
    wait = error.retry_after or 0.0
    if wait > LONGEST_WAIT:
        return False
    _log.warning("%s; trying again%s", error, f" in {wait:.1f} s" if wait else "")
    time.sleep(wait)
    return True


class Policy(TypedDict):
    """How Prefect treats a step. Nothing of it is kept there: a result is a reference to our own files."""

    retries: int
    retry_delay_seconds: Any
    retry_jitter_factor: float
    retry_condition_fn: Any
    cache_policy: CachePolicy
    persist_result: bool


def tries(again: int) -> Policy:
    """The policy of a step that is tried `again` times more: after 1, 2, 4, … s, some sooner and some later."""
    return Policy(
        retries=again,
        retry_delay_seconds=exponential_backoff(1),
        retry_jitter_factor=0.5,
        retry_condition_fn=worth_another_try,
        cache_policy=NO_CACHE,  # or Prefect hashes what a step is given
        persist_result=False,
    )
