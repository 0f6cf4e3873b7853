"""YAML that knows where it stands: every value can say its file and line."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import NoReturn

import yaml

from syncline.config.mistakes import Mistakes
from syncline.errors import ConfigError

TAG = "tag:yaml.org,2002:"
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a YAML file, asked for by the type that is wanted.

    A text is taken as it is written: `from: on` names a table called `on`, `password: 0123` keeps its nought.
    `name` is the way to it, as in `models.INVOICES.key`. What `under` it says holds where this one says nothing.

    Args:
        scope: what it holds for: a model, a connection, a destination, a tenant, the workspace.
        under: the same in the next farther scope.
    """

    file: str
    name: str
    raw: yaml.Node
    key: yaml.Node | None = None
    scope: str = ""
    under: Node | None = None

    @property
    def where(self) -> str:
        """File and line; of what spans several lines, that of its key."""
        first = self.raw if self.key is None or isinstance(self.raw, yaml.ScalarNode) else self.key
        return f"{self.file}:{first.start_mark.line + 1}"

    @property
    def is_empty(self) -> bool:
        """Nothing was written, or `null`."""
        return bool(self.raw.tag == f"{TAG}null")

    @property
    def is_blank(self) -> bool:
        """Nothing was written, not even `null`."""
        return self.is_empty and not self.raw.value

    @property
    def is_list(self) -> bool:
        """It is a list."""
        return isinstance(self.raw, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        """It is a mapping."""
        return isinstance(self.raw, yaml.MappingNode)

    def wrong(self, message: str, hint: str = "") -> NoReturn:
        """Say what is wrong with this value, and where it stands."""
        raise ConfigError(message, where=self.where, hint=hint)

    def unfit(self, wanted: str) -> NoReturn:
        """Say what should stand here instead."""
        shown = "empty" if self.is_empty else _shown(self.raw)
        self.wrong(f"{f'`{self.name}`' if self.name else 'the file'} is {shown}, it should be {wanted}")

    def text(self) -> str:
        """A text, as it is written."""
        if not isinstance(self.raw, yaml.ScalarNode) or self.is_empty or not self.raw.value.strip():
            self.unfit("a text")
        return str(self.raw.value)

    def choice(self, known: Iterable[str]) -> str:
        """One of some words."""
        known = list(known)
        if (word := self.text()) not in known:
            self.wrong(f"`{self.name}` cannot be `{word}`", _known(word, known))
        return word

    def number(self) -> float:
        """A number; `30%` is 0.3."""
        text = self.text().replace("_", "")
        try:
            return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.unfit("a number")

    def integer(self) -> int:
        """A whole number."""
        try:
            return int(self.text())
        except ValueError:
            self.unfit("a whole number")

    def flag(self) -> bool:
        """Yes or no."""
        word = self.text().lower()
        if word not in _WORDS:
            self.unfit("true or false")
        return _WORDS[word]

    def items(self) -> list[Node]:
        """A list; what is not one is a list of one."""
        if not isinstance(self.raw, yaml.SequenceNode):
            return [self]
        return [
            Node(self.file, f"{self.name}[{index}]", item, scope=self.scope)
            for index, item in enumerate(self.raw.value)
        ]

    def texts(self) -> tuple[str, ...]:
        """A text, or a list of them."""
        return tuple(item.text() for item in self.items())

    def mapping(
        self,
        known: Iterable[str] | None = None,
        *,
        later: Iterable[str] = (),
        merged: Container[str] = (),
        inside: Mapping[str, str] | None = None,
        strict: bool = True,
    ) -> dict[str, Node]:
        """A mapping, of `known` keys only where they are given. Those without a value are left out.

        A known key that is not here is looked for in farther scopes, unless it says `null`; a mapping among `merged`
        is completed from there, key by key. `inside` tells in which of the known keys another one belongs.
        Where it is not `strict`, keys that are not known are passed over.

        Raises:
            ConfigError: a key is unknown, stands twice, or is one of `later`: a future version has it.
        """
        if known is None:
            return self._own()
        known = list(known)
        if strict:
            self._refuse(known, later, inside or {})
        return {key: node for key, node in self._with_farther(known, merged).items() if not node.is_empty}

    def _with_farther(self, known: list[str], merged: Container[str]) -> dict[str, Node]:
        found = self._own()
        farther = {} if self.under is None else self.under._with_farther(known, merged)  # noqa: SLF001 - one of its own
        for key, far in farther.items():
            near = found.get(key)
            if near is None or near.is_blank:
                found[key] = far
            elif key in merged and near.is_mapping and far.is_mapping:
                found[key] = replace(near, under=far)
        return {key: node for key, node in found.items() if key in known}

    def _refuse(self, known: list[str], later: Iterable[str], inside: Mapping[str, str]) -> None:
        mistakes, place = Mistakes(), f" in `{self.name}`" if self.name else ""
        for key, node in self._own().items():
            at = Node(self.file, key, node.key or node.raw)
            with mistakes.noted():
                if key in later:
                    at.wrong(f"`{key}` is not there yet", "this version syncs one source, its rows as they are")
                if key not in known:
                    deeper = f"put it into `{inside[key]}:`; " if key in inside else ""
                    at.wrong(f"unknown key `{key}`{place}", deeper + _known(key, known))
        mistakes.tell()

    def _own(self) -> dict[str, Node]:
        if not isinstance(self.raw, yaml.MappingNode):
            self.unfit("`key: value` lines")
        found: dict[str, Node] = {}
        mistakes = Mistakes()
        for key, value in self._pairs(self.raw):
            with mistakes.noted():
                if key.value in found:
                    hint = f"the first one is in line {found[key.value].raw.start_mark.line + 1}; keep one of them"
                    Node(self.file, key.value, key).wrong(f"`{key.value}` stands twice", hint)
            found[key.value] = Node(self.file, f"{self.name}.{key.value}".lstrip("."), value, key, self.scope)
        mistakes.tell()
        return found

    def _pairs(self, mapping: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        own = {key.value for key, _ in mapping.value if isinstance(key, yaml.ScalarNode)}
        for key, value in mapping.value:
            if not isinstance(key, yaml.ScalarNode):
                Node(self.file, self.name, key).wrong("a key is a text, not a list or a mapping")
            if key.tag == f"{TAG}merge" and isinstance(value, yaml.MappingNode):  # `<<: *defaults`
                yield from (pair for pair in self._pairs(value) if pair[0].value not in own)
            else:
                yield key, value


def _shown(raw: yaml.Node) -> str:
    if isinstance(raw, yaml.ScalarNode):
        return f"`{raw.value}`"
    return "a list" if isinstance(raw, yaml.SequenceNode) else "a mapping"


def _known(word: str, known: Iterable[str]) -> str:
    """A hint: what was probably meant, and what there is.

    Example:
        >>> _known("curser", ["cursor", "key"])
        'did you mean `cursor`? known are cursor, key'
    """
    names = list(known)
    near = get_close_matches(word, names, 1)
    return (f"did you mean `{near[0]}`? " if near else "") + f"known are {', '.join(names)}"
