"""Where a process can die in a run, without a process: the machine of test_machine.py uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syncline import Store, pipeline
from syncline.pipeline import Loaded, Plan, Work

DEATHS = ["before load", "in load", "after load", "after commit"]


class Killed(BaseException):
    """The process dies here."""


class Mortal:
    """A store after whose commit the process may die."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.dies = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, *args: Any) -> None:
        self.store.commit(*args)
        if self.dies:
            raise Killed


def kill_second() -> Callable[[], None]:
    """Dies when the second row is touched."""
    touched = [0]

    def touch() -> None:
        touched[0] += 1
        if touched[0] > 1:
            raise Killed

    return touch


def dying(where: str) -> Callable[[Work, Plan], Loaded]:
    """A load in which the process dies."""

    def load(work: Work, plan: Plan) -> Loaded:
        if where == "before load":
            raise Killed
        done = pipeline.load(work, plan)
        if where in {"in load", "after load"}:
            raise Killed
        return done

    return load
