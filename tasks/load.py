"""The load step as Prefect shows it: a destination that is away is asked again; a second load changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from prefect import task

from tasks.patience import tries

Found = TypeVar("Found")


@task(name="load", description="Bring the changes to the destination.", **tries(4))
def load(step: Callable[[], Found]) -> Found:
    """Carry the step out."""
    return step()
