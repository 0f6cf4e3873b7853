"""What can be pushed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from syncline.web.api.shape.page import Paged


class PushColumn(TypedDict):
    """A field that an item may have."""

    name: str
    type: str
    required: bool


class PushModel(TypedDict):
    """A model that rows can be pushed of."""

    name: str
    columns: list[PushColumn]
    batch: Annotated[int, Field(description="How many items a request may bring.")]


class PushModels(Paged):
    """The models that rows can be pushed of."""

    items: list[PushModel]
