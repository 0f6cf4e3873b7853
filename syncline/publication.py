"""Files made from what was sent: immutable versions, and a `latest` that is always whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Format: TypeAlias = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True, slots=True)
class Publication:
    """One export file of a model."""

    format: Format
