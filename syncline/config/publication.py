"""The files that a model is published as: `publish:`."""

from __future__ import annotations

from syncline.config import shape
from syncline.config.key import Key, Keys, nodes, shapes, values
from syncline.config.node import Node
from syncline.publication import Publication

_FORMATS = ("csv", "jsonl", "parquet")
PUBLICATION: Keys = {
    "format": Key(lambda node: node.choice(_FORMATS), shape.word("What kind of file.", _FORMATS)),
}


def publications(node: Node) -> tuple[Publication, ...]:
    """The files in a `publish:` list; two of one format need different names."""
    made = tuple(map(_publication, node.items()))
    if len({(one.suffix, one.name) for one in made}) < len(made):
        node.wrong("a format stands twice", "give each file a `name:` of its own")
    return made


def _publication(node: Node) -> Publication:
    found = nodes(node, PUBLICATION)
    if "format" not in found:
        node.wrong("`format` is missing", f"one of {', '.join(_FORMATS)}")
    return Publication(**values(found, PUBLICATION))


_SHAPE = shape.mapping("A file that always holds everything.", shapes(PUBLICATION), ["format"])
KEY = Key(publications, shape.several("Files made of it.", _SHAPE))
