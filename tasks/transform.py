"""The transform step as Prefect shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from prefect import task

from tasks.patience import tries

Found = TypeVar("Found")


@task(
    name="transform",
    description="Make of the changed rows what is to be sent, and hold back what is over the limits.",
    **tries(2),
)
def transform(step: Callable[[], Found]) -> Found:
    """Carry the step out."""
    return step()
