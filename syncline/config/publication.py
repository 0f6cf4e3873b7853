"""The files that a model is published as: `publish:`."""

from __future__ import annotations

from typing import Any

from syncline.config.node import Node
from syncline.publication import Publication

_FORMATS = ("csv", "jsonl", "parquet")


def publications(node: Node) -> tuple[Publication, ...]:
    """The files in a `publish:` list; two of one format need different names."""
    made = tuple(map(_publication, node.items()))
    if len({(one.suffix, one.name) for one in made}) < len(made):
        node.wrong("a format stands twice", "give each file a `name:` of its own")
    return made


def _publication(node: Node) -> Publication:
    found = node.mapping(["format"])
    if "format" not in found:
        node.wrong("`format` is missing", f"one of {', '.join(_FORMATS)}")
    chosen: Any = found["format"].choice(_FORMATS)
    return Publication(chosen)
