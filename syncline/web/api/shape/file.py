"""Published files."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from syncline.web.api.shape.page import Moment, Paged


class Version(TypedDict):
    """A version of a published file, which never changes."""

    file: str
    version: str
    publishedAt: Moment
    rows: int | None
    size: int
    isLatest: bool
    url: str | None
    deltaUrl: str | None


class File(TypedDict):
    """A published file, with its constant address."""

    file: str
    mediaType: str
    access: str
    latest: Annotated[str | None, Field(description="The version that is shown there.")]
    url: str | None


class Files(Paged):
    """The versions of the files of a model, and the files."""

    items: list[Version]
    files: list[File]


class Link(TypedDict):
    """An address of a file."""

    file: str
    url: str
    access: str
    expiresAt: Moment | None


class Published(Paged):
    """Published files."""

    items: list[File]


class Links(Paged):
    """Addresses of files."""

    items: list[Link]
