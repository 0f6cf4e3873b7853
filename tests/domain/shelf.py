"""Two connectors of a stranger's, and the YAML that names them."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from syncline.connection import Connection
from syncline.errors import ConfigError
from syncline.workspace import Workspace

Load: TypeAlias = Callable[[str | bytes], Connection]
Place: TypeAlias = Callable[[str, str], Workspace]
PLUGIN = """
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncline import Destination, Secret, Source


@dataclass(frozen=True)
class ShelfSource(Source):
    url: str = ""
    folder: str = ""
    port: int = 1
    ratio: float = 1.0
    strict: bool = False
    null_values: tuple[str, ...] = ("",)
    style: Literal["new", "old"] = "new"
    schema: str | None = None
    token: Secret | None = None
    headers: dict[str, str] | None = None

    def __post_init__(self):
        if self.port == 13:
            raise ValueError("port 13 brings bad luck")

    def read(self, request):
        return iter(())


@dataclass(frozen=True)
class ShelfDestination(Destination):
    path: Path

    def load(self, request):
        return []
"""


def with_model(model: str) -> str:
    return "source: {kind: shelf}\ndestination: {kind: shelf, path: out}\nmodels:\n  BOOKS: " + model + "\n"


def with_source(settings: str) -> str:
    return f"source: {{kind: shelf, {settings}}}\nmodels: {{A: {{from: a, publish: {{format: csv}}}}}}\n"


def complaint(load: Load, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text)
    return str(caught.value)
