"""What is sent to the API: bodies, as its description tells them, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from syncline.request import Request


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text has no U+0000 in it")
    return text


Text = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_storable)]
Scalar = StrictBool | Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)] | float | Text | None
ConnectionName = Annotated[str, Path(max_length=200, description="The name of a connection.")]
ModelName = Annotated[str, Path(max_length=200, description="The name of a model of the connection.")]
RunId = Annotated[str, Path(max_length=200, description="The id of a run.")]


class Body(BaseModel):
    """What may be sent: nothing but what is named here."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Short(Body):
    """What may also be said by one text alone."""

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, given: Any) -> Any:
        return cls.of_text(given) if isinstance(given, str) else given

    @classmethod
    def of_text(cls, text: str) -> dict[str, str]:
        """What the text alone stands for."""
        raise NotImplementedError

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Both forms, for the description of the API."""
        return {"anyOf": [{"type": "string", "maxLength": 2000}, handler(core)]}


class ModelToSync(Short):
    """A model to sync."""

    data_model: Text = Field(description="Its name.")
    sync_from: Text | None = Field(default=None, description="Only what changed since; nothing is removed.")

    @classmethod
    def of_text(cls, text: str) -> dict[str, str]:
        """Its name."""
        return {"data_model": text}


class FileToRead(Short):
    """A file to be read in place of what the source reads by itself."""

    url: Text = Field(
        default="",
        description="From where it can be had, pre-authenticated; kept encrypted until the run begins.",
    )
    path: Text = Field(default="", description="Where it lies in the workspace, which must allow it.")
    data_model: Text = Field(default="", description="Which model it is of; left out: the only one.")
    source: Text = Field(default="", description="Which of several sources can read it.")
    part: Text = Field(default="", description="What this part of the model is called.")
    attributes: dict[Text, Scalar] = Field(default={}, description="What the source is told about it.")

    @classmethod
    def of_text(cls, text: str) -> dict[str, str]:
        """Its address, or its path."""
        return {"url" if "://" in text else "path": text}


class RunToStart(Body):
    """What a run is asked to do (R28); nothing: an incremental run of all models."""

    full_sync: StrictBool = Field(default=False, description="Read everything, and remove what is gone.")
    data_models_to_sync: list[ModelToSync] = Field(default=[], max_length=1000, description="These only.")
    resend: StrictBool = Field(default=False, description="Send everything, changed or not.")
    source_files: list[FileToRead] = Field(default=[], max_length=1000, description="Files, or their addresses.")

    def request(self) -> Request:
        """The request, as everywhere.

        Raises:
            ConfigError: parts of it do not fit each other.
        """
        return Request.parse(self.model_dump(exclude_unset=True, exclude_none=True))


class ModelsToApprove(Body):
    """Lists of withheld deletions, just as they were shown (R26)."""

    models: dict[Text, Text] = Field(min_length=1, max_length=1000, description="Model -> the list that was shown.")


class ModelsToRetry(Body):
    """Models whose rejected rows are tried again."""

    models: list[Text] = Field(default=[], max_length=1000, description="Left out: all that have some.")


class ConnectionToMake(Body):
    """What a connection says, just as its file would; a text that is secret as `{"secret": "…"}`."""

    connection: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")] | None = Field(
        default=None, description="Its name."
    )
    source: dict[str, Any] | None = Field(default=None, description="Where rows come from: `kind` and its settings.")
    sources: dict[str, Any] | None = Field(default=None, description="Several sources, by name.")
    destination: dict[str, Any] | Text | None = Field(default=None, description="Where rows go, or the name of it.")
    features: list[Text] | None = Field(default=None, description="What runs and downloads it allows.")
    defaults: dict[str, Any] | None = Field(default=None, description="What holds for all models.")
    models: dict[str, Any] = Field(min_length=1, description="What is synced, by name.")

    def settings(self) -> dict[str, Any]:
        """What was said."""
        return self.model_dump(exclude_unset=True, exclude_none=True)


PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "What is wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "run": {"type": "string", "format": "uuid", "description": "The run that is in the way."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "The place in the body (RFC 6901)."},
                    "item": {"type": "integer"},
                    "field": {"type": "string"},
                    "parameter": {"type": "string"},
                },
            },
        },
    },
}
_TOLD = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "It cannot be done as asked.", "content": _TOLD},
    503: {"description": "Try again later.", "content": _TOLD},
}
"""How every route of the API tells what is wrong."""
