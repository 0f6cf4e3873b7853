"""Lists, and what stands in many answers."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

Moment: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Id: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
Row: TypeAlias = Annotated[dict[str, Any], Field(description="Columns and values.")]


class Paged(TypedDict):
    """A list that comes in pages."""

    next: Annotated[str | None, Field(description="The `after` of the next page; null: this is the last one.")]
