"""How a run stands, and how it ended."""

from __future__ import annotations

from enum import StrEnum


class RunType(StrEnum):
    """Why a run is there (P4.8, P4.11)."""

    RESOURCES = "resources update"
    CONFIGURATION = "configuration update"


UNPUBLISHED = "not published"
"""What the `error` of a model that went well says before why a file of it was held back."""
MISSING = "is missing this time"
"""What it says between the name of a part that was not read and the reason."""


class RunStatus(StrEnum):
    """Where a run stands; these four only (P4.12)."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_active(self) -> bool:
        """It goes on, or waits to begin."""
        return self in (RunStatus.SCHEDULED, RunStatus.RUNNING)


class RunResult(StrEnum):
    """How a run ended (R30)."""

    SUCCESS = "success"
    PARTIAL = "partial"
    NO_CHANGES = "no_changes"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    ERROR = "error"
