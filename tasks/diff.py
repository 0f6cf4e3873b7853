"""The diff step as Prefect shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from prefect import task

from tasks.patience import tries

Found = TypeVar("Found")


@task(name="diff", description="Find what changed since the source was read last.", **tries(2))
def diff(step: Callable[[], Found]) -> Found:
    """Carry the step out."""
    return step()
