"""Parts of statements for the engine that compares rows."""

from __future__ import annotations

from collections.abc import Sequence


def literal(value: object) -> str:
    """A text in a statement, quoted.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + str(value).replace("'", "''") + "'"


def listed(parts: Sequence[str], between: str = ", ") -> str:
    """Parts of a statement, one after another."""
    return between.join(parts)
