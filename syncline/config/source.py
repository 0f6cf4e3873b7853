"""What a connection reads: one source, or several by name; and what a model is read from, `from:`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from syncline.config import end, shape
from syncline.config.key import Key, Keys, itself, nodes, shapes
from syncline.config.mistakes import Mistakes
from syncline.config.name import named
from syncline.config.node import TAG, Node
from syncline.connector import Source
from syncline.model import JSON
from syncline.sources import Combined, Part, origin

_ONLY = ""
"""What the source of a connection with one is called."""

SOURCES = Key(itself, shape.named("Several sources, by name.", {"$ref": "#/$defs/source"}, least=1))
ITEM: Keys = {
    "source": Key(Node.text, shape.text("Which of the `sources:`.")),
    "table": Key(Node.text, shape.text("Which table or query of it.")),
    "file": Key(Node.text, shape.text("Which file of it, or a pattern.")),
    "part": Key(Node.text, shape.text("What this part of the model is called; left out: as the source.")),
    "attributes": Key(
        itself, shape.named("What the source is told; those named like columns are their values.", shape.text(""))
    ),
}
_SHAPE = shape.mapping("A part of the model.", shapes(ITEM))
FROM = Key(
    itself,
    {
        "description": "Which table, query or file of the source; with several sources, also which one, or a list.",
        "anyOf": [shape.text(""), _SHAPE, {"type": "array", "items": {"anyOf": [shape.text(""), _SHAPE]}}],
    },
)


def declared(found: Mapping[str, Node], root: Node) -> dict[str, Node]:
    """The sources of a connection by name; the only one has none.

    Raises:
        ConfigError: there is none, or both ways of saying it are there.
    """
    if "source" in found and "sources" in found:
        found["sources"].wrong("`source` and `sources` exclude each other", "name the one among the others")
    if "source" in found:
        return {_ONLY: found["source"]}
    if "sources" not in found:
        root.wrong("`source` is missing", "add `source: …`, or `sources:` with one a name")
    sources = found["sources"].mapping()
    if not sources:
        found["sources"].wrong("there are no sources", "add `NAME: {kind: …}`")
    for called, node in sources.items():
        named(node, called)
    return sources


@dataclass(frozen=True, slots=True)
class Reading:
    """What the models of a connection are read from, noted while they are understood.

    Args:
        names: the sources there are.
        origins: what stands for several parts, and these parts.
    """

    names: tuple[str, ...]
    origins: dict[str, tuple[Part, ...]] = field(default_factory=dict)

    def origin(self, node: Node) -> str:
        """What a `from:` says, in one text.

        Raises:
            ConfigError: it names a source that is not there, or two parts alike.
        """
        if self.names == (_ONLY,) and not node.is_list and not node.is_mapping:
            return node.text()
        parts = [self._part(item, alone=not node.is_list) for item in node.items()]
        if not parts:
            node.unfit("a table or file, or a list of them")
        for item, part in zip(node.items(), parts, strict=True):
            if [other.name for other in parts].count(part.name) > 1:
                item.wrong(f"two parts are called `{part.name}`", "give each its own name: `part: …`")
        found = origin(parts)
        self.origins[found] = tuple(parts)
        return found

    def _part(self, node: Node, *, alone: bool) -> Part:
        found = nodes(node, ITEM) if node.is_mapping else {"table": node}
        places = [found[key] for key in ("table", "file") if key in found]
        if len(places) != 1:
            node.wrong(f"`{node.name}` needs a table or a file", "`{source: NAME, table: invoice}`")
        said = found["attributes"].mapping() if "attributes" in found else {}
        source = self._source(found.get("source"), node)
        return Part(
            name=_name(found.get("part"), source, places[0], alone=alone),
            source=source,
            origin=places[0].text(),
            attributes={name: _plain(value) for name, value in said.items()},
        )

    def _source(self, named: Node | None, node: Node) -> str:
        if named is not None:
            return named.choice(self.names) if self.names != (_ONLY,) else named.wrong("there is one source only")
        if len(self.names) > 1:
            node.wrong(f"`{node.name}` does not say which source", f"`source:` is one of {', '.join(self.names)}")
        return self.names[0]

    def made(self, sources: Mapping[str, Source]) -> Source:
        """The sources as one, if there is more to it than one source."""
        return Combined(sources, self.origins) if self.origins else sources[_ONLY]


def sources(declared: Mapping[str, Node], folder: Path, mistakes: Mistakes) -> dict[str, Source]:
    """The sources by name; relative paths start at `folder`."""
    made = {called: mistakes.of(lambda: end.source(node, folder)) for called, node in declared.items()}  # noqa: B023
    return {called: source for called, source in made.items() if source is not None}


def _name(node: Node | None, source: str, place: Node, *, alone: bool) -> str:
    if node is not None:
        return named(node, node.text())
    return source if source or alone else named(place, place.text())


def _plain(node: Node) -> JSON:
    """A value as YAML means it: yes or no, a number, a text."""
    if not isinstance(node.raw, yaml.ScalarNode):
        node.unfit("a text, a number, true or false")
    kind = node.raw.tag.removeprefix(TAG)
    if kind == "bool":
        return node.flag()
    if kind in ("int", "float"):
        return node.integer() if kind == "int" else node.number()
    return None if node.is_empty else node.raw.value
