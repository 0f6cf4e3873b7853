"""Transforms: rows become rows, by expressions and functions of the user's. Knows nothing of runs."""

from typing import TYPE_CHECKING, Any

from syncline.transform.declared import Transform

if TYPE_CHECKING:
    from syncline.transform.making import Made

__all__ = ["Made", "Transform"]


def __getattr__(name: str) -> Any:
    """`Made` comes with the engine, which is half of a start."""
    if name == "Made":
        from syncline.transform.making import Made  # noqa: PLC0415

        return Made
    raise AttributeError(name)
