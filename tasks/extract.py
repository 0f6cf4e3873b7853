"""The extract step as Prefect shows it: a source that is away is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from prefect import task

from tasks.patience import tries

Found = TypeVar("Found")


@task(name="extract", description="Read from the source what is new, or everything.", **tries(4))
def extract(step: Callable[[], Found]) -> Found:
    """Carry the step out."""
    return step()
