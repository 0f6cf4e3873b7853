"""A line of a run's log: something that was said while it went on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

Level: TypeAlias = Literal["step", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was said while a run went on.

    Args:
        at: when.
        level: how grave it is. A `step` is not kept with the lines: the run itself says when each began.
        text: what; no secret, and not longer than a person reads.
        model: the model that was worked on; empty: none.
    """

    at: datetime
    level: Level
    text: str
    model: str = ""

    def as_json(self) -> dict[str, Any]:
        """The line as programs are told."""
        at = self.at.isoformat().replace("+00:00", "Z")
        return {"at": at, "level": self.level, "model": self.model or None, "text": self.text}
