"""A file tells all its mistakes at once, not the first one only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from syncline.errors import ConfigError, ConfigErrors

Value = TypeVar("Value")


class Mistakes:
    """What is wrong in places that have nothing to do with each other.

    Example:
        >>> mistakes = Mistakes()
        >>> for line in (3, 7):
        ...     with mistakes.noted():
        ...         raise ConfigError("odd", where=f"shop.yaml:{line}")
        >>> mistakes.tell()
        Traceback (most recent call last):
        syncline.errors.ConfigErrors: shop.yaml:3: odd; shop.yaml:7: odd
    """

    def __init__(self) -> None:
        self._found: dict[str, ConfigError] = {}  # what many models inherit is wrong once

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on after a mistake, and keep it."""
        try:
            yield
        except ConfigError as error:
            self._found |= {str(one): one for one in error.each}

    def of(self, read: Callable[[], Value]) -> Value | None:
        """What is read; None after a mistake, which is kept."""
        with self.noted():
            return read()
        return None

    def tell(self) -> None:
        """Raise what was found, if anything was."""
        found = list(self._found.values())
        if found:
            raise found[0] if len(found) == 1 else ConfigErrors(found)
