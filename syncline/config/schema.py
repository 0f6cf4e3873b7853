"""The JSON Schemas of the files: what editors complete and check by."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from syncline.config import connection, kind, settings
from syncline.config.defaults import KEY as DEFAULTS
from syncline.config.shape import Shape
from syncline.connector import destination_kind, destination_kinds, source_kind, source_kinds

File: TypeAlias = Literal["connection", "workspace"]

FILES: tuple[File, ...] = get_args(File)
_SHAPES: dict[File, Shape] = {"connection": connection.SHAPE, "workspace": settings.SHAPE}


def schema(file: File) -> Shape:
    """The schema of `connections/*.yaml`, or of `syncline.yaml`, with the connectors that are installed here."""
    beside = {"defaults": DEFAULTS.shape}
    ends = {
        "destination": {"anyOf": [kind.of(name, destination_kind(name), beside) for name in destination_kinds()]},
    }
    if file == "connection":
        ends["source"] = {"anyOf": [kind.of(name, source_kind(name)) for name in source_kinds()]}
    title = {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"Syncline: {file}"}
    return title | _SHAPES[file] | {"$defs": ends}
