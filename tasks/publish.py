"""The publish step as Prefect shows it: the file is made anew if it could not be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from prefect import task

from tasks.patience import tries

Found = TypeVar("Found")


@task(name="publish", description="Write the files that are made from the model, and move latest.", **tries(4))
def publish(step: Callable[[], Found]) -> Found:
    """Carry the step out."""
    return step()
