"""The files that a model is published as: `publish:`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from syncline import export
from syncline.config import place, shape
from syncline.config.key import Key, Keys, nodes, shapes, values
from syncline.config.name import named
from syncline.config.node import Node
from syncline.config.shape import Shape
from syncline.errors import ConfigError
from syncline.export import FITTING, FORMATS, Options, Template
from syncline.publication import Publication

_RESERVED = ("latest", "versions", "deltas")


@dataclass(frozen=True, slots=True)
class Declared:
    """A file as it is declared; its template is read when it is known where it lies."""

    publication: Publication
    template: Node | None


def _name(node: Node) -> str:
    text = named(node, node.text())
    if text.startswith(_RESERVED):
        node.wrong(f"a file cannot be called `{text}`", f"{', '.join(_RESERVED)} are names of our own")
    return text


def _written(node: Node) -> str:
    """A text, also an empty one or one of blanks."""
    if not isinstance(node.raw, yaml.ScalarNode):
        node.unfit("a text")
    return str(node.raw.value)


def _columns(node: Node) -> tuple[tuple[str, str], ...]:
    if node.is_mapping:
        return tuple((name, name if inner.is_blank else inner.text()) for name, inner in node.mapping().items())
    return tuple((name, name) for name in node.texts())


def _booleans(node: Node) -> tuple[str, ...]:
    words = tuple(map(_written, node.items()))
    return words if len(words) == len(("true", "false")) else node.unfit("two words, as in `[yes, no]`")


def _one_of(*known: str) -> Callable[[Node], str]:
    return lambda node: node.choice(known)


def _option(name: str, read: Callable[[Node], Any], shape: Shape) -> Key:
    """A key whose value must be one that could be written."""

    def checked(node: Node) -> Any:
        value = read(node)
        try:
            Options(**{name: value})
        except ConfigError as error:
            node.wrong(error.message, error.hint)
        return value

    return Key(checked, shape)


_Rules: TypeAlias = Iterable[tuple[str, Callable[[Node], Any], Shape]]
_RULES: _Rules = (
    (
        "columns",
        _columns,
        {
            "description": "Which columns, in which order; as a mapping, with what they are called in the file.",
            "anyOf": [
                shape.texts("Their names."),
                shape.named("Their names.", shape.or_nothing(shape.text("What it is called."))),
            ],
        },
    ),
    ("compression", _one_of("gzip"), shape.word("How it is packed.", ["gzip"])),
    ("header", Node.flag, shape.flag("The names of the columns stand first.", default=True)),
    ("delimiter", _written, shape.any_text("What stands between values.", default=",", minLength=1, maxLength=1)),
    ("quote", _written, shape.any_text("What stands around what needs it.", default='"', minLength=1, maxLength=1)),
    ("line_ending", _one_of("lf", "crlf"), shape.word("How a line ends.", ["lf", "crlf"], default="lf")),
    ("encoding", Node.text, shape.text("That of the text; utf-8-sig for Excel.", default="utf-8")),
    ("escape_formulas", Node.flag, shape.flag("Texts that look like formulas get a ' before them.", default=False)),
    ("null", _written, shape.any_text("What stands for NULL.", default="")),
    (
        "booleans",
        _booleans,
        {
            "description": "What stands for true and for false.",
            "type": "array",
            "items": shape.any_text(""),
            "minItems": 2,
            "maxItems": 2,
        },
    ),
    ("decimal", _one_of(".", ","), shape.word("The decimal sign.", [".", ","], default=".")),
    ("digits", Node.integer, shape.integer("How many digits after it.", minimum=0, maximum=15)),
    ("date", Node.text, shape.text("How a date is written, as in %d.%m.%Y; left out: ISO 8601.")),
    ("time", Node.text, shape.text("How a time of day is written, as in %H:%M.")),
    ("timestamp", Node.text, shape.text("How a timestamp is written, as in %d.%m.%Y %H:%M.")),
    ("timezone", Node.text, shape.text("The time zone in which timestamps are shown, as in Europe/Berlin.")),
    ("sheet", Node.text, shape.text("The name of the sheet.", default="Sheet1")),
)
OPTIONS: Keys = {name: _option(name, read, look) for name, read, look in _RULES}
TEMPLATE: Keys = {"template": Key(lambda node: node, shape.text("The file of a Jinja2 template that makes it."))}
OWN: Keys = {
    "format": Key(_one_of(*FORMATS), shape.word("What kind of file.", FORMATS)),
    "name": Key(_name, shape.name("Tells it from other files of that format.")),
    **place.KEYS,
}
PUBLICATION: Keys = {**OWN, **OPTIONS, **TEMPLATE}


def publications(node: Node) -> tuple[Declared, ...]:
    """The files in a `publish:` list; two of one format need different names."""
    made = tuple(map(_declared, node.items()))
    if len({(one.publication.suffix, one.publication.name) for one in made}) < len(made):
        node.wrong("a format stands twice", "give each file a `name:` of its own")
    return made


def fitted(declared: Sequence[Declared], folder: Path) -> tuple[Publication, ...]:
    """The files with their templates, which lie in `folder`.

    Raises:
        ConfigError: a template cannot be read, or is none.
    """
    return tuple(place.anchored(_with_template(one.publication, one.template, folder), folder) for one in declared)


def _declared(node: Node) -> Declared:
    found = nodes(node, PUBLICATION)
    null = node.mapping().get("null")
    if null is not None and not null.is_blank:  # the word NULL is one as well
        found["null"] = null
    if "format" not in found:
        node.wrong("`format` is missing", f"one of {', '.join(FORMATS)}")
    read = values(found, PUBLICATION)
    template = read.pop("template", None)
    own = {name: read.pop(name) for name in OWN if name in read}
    _check_fit(own["format"], found)
    try:
        options = Options(**read)
        export.check(own["format"], options)
    except ConfigError as error:
        node.wrong(error.message, error.hint)
    return Declared(Publication(**own, options=options), template)


def _check_fit(form: export.Format, found: dict[str, Node]) -> None:
    for name, node in found.items():
        if name not in OWN and name not in FITTING[form]:
            node.wrong(f"`{name}` is not for {form}", f"{form} knows {', '.join(sorted(FITTING[form]))}")


def _with_template(publication: Publication, node: Node | None, folder: Path) -> Publication:
    if node is None:
        return publication
    name = node.text()
    try:
        template = Template(name, (folder / name).read_text(encoding="utf-8-sig"))
    except OSError as error:
        node.wrong(f"the template {name} cannot be read: {error.strerror}", "its path starts at the workspace")
    except UnicodeDecodeError:
        node.wrong(f"the template {name} is not UTF-8 text", "save it as UTF-8")
    return replace(publication, options=replace(publication.options, template=template))


_SHAPE = shape.mapping("A file that always holds everything.", shapes(PUBLICATION), ["format"])
KEY = Key(publications, shape.several("Files made of it.", _SHAPE))
