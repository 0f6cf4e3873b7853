"""YAML that knows where it stands: every value can say its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import yaml

from syncline.errors import ConfigError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as quick
_TAG = "tag:yaml.org,2002:"
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a YAML file, asked for by the type that is wanted.

    A text is taken as it is written: `from: on` names a table called `on`, `password: 0123` keeps its nought.
    `name` is the way to it, as in `models.INVOICES.key`.
    """

    file: str
    name: str
    raw: yaml.Node
    key: yaml.Node | None = None

    @property
    def where(self) -> str:
        """File and line; of what spans several lines, that of its key."""
        first = self.raw if self.key is None or isinstance(self.raw, yaml.ScalarNode) else self.key
        return f"{self.file}:{first.start_mark.line + 1}"

    @property
    def is_empty(self) -> bool:
        """Nothing was written, or `null`."""
        return bool(self.raw.tag == f"{_TAG}null")

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
        return [Node(self.file, f"{self.name}[{index}]", item) for index, item in enumerate(self.raw.value)]

    def texts(self) -> tuple[str, ...]:
        """A text, or a list of them."""
        return tuple(item.text() for item in self.items())

    def mapping(self, known: Iterable[str] | None = None, *, later: Iterable[str] = ()) -> dict[str, Node]:
        """A mapping, of `known` keys only where they are given. Those without a value are left out.

        Raises:
            ConfigError: a key is unknown, stands twice, or is one of `later`: a future version has it.
        """
        if not isinstance(self.raw, yaml.MappingNode):
            self.unfit("`key: value` lines")
        found: dict[str, Node] = {}
        for key, value in self._pairs(self.raw):
            at = Node(self.file, key.value, key)
            if key.value in later:
                at.wrong(f"`{key.value}` is not there yet", "this version syncs one source, its rows as they are")
            if known is not None and key.value not in known:
                place = f" in `{self.name}`" if self.name else ""
                at.wrong(f"unknown key `{key.value}`{place}", _known(key.value, known))
            if key.value in found:
                first = found[key.value].raw.start_mark.line + 1
                at.wrong(f"`{key.value}` stands twice", f"the first one is in line {first}; keep one of them")
            found[key.value] = Node(self.file, f"{self.name}.{key.value}".lstrip("."), value, key)
        return {key: node for key, node in found.items() if known is None or not node.is_empty}

    def _pairs(self, mapping: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        own = {key.value for key, _ in mapping.value if isinstance(key, yaml.ScalarNode)}
        for key, value in mapping.value:
            if not isinstance(key, yaml.ScalarNode):
                Node(self.file, self.name, key).wrong("a key is a text, not a list or a mapping")
            if key.tag == f"{_TAG}merge" and isinstance(value, yaml.MappingNode):  # `<<: *defaults`
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


def load(path: Path, shown: str) -> Node:
    """What stands in a YAML file, in an empty one nothing; `shown` is the file's name in messages.

    Raises:
        ConfigError: it cannot be read, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = yaml.compose(text, Loader=_LOADER)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=shown) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError("is not UTF-8 text", where=f"{shown}:{line}", hint="save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise _not_yaml(error, text, shown) from error
    if raw is None:
        return Node(shown, "", yaml.ScalarNode(f"{_TAG}null", "", yaml.Mark(shown, 0, 0, 0, "", 0)))
    _refuse_circles(raw, shown)
    return Node(shown, "", raw)


def _not_yaml(error: yaml.YAMLError, text: str, shown: str) -> ConfigError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be understood"
    where = f"{shown}:{mark.line + 1}" if mark else shown
    lines = text.splitlines()
    has_tab = mark is not None and mark.line < len(lines) and "\t" in lines[mark.line]
    hint = "indent with spaces, not tabs" if has_tab else "mind colons, quotes and indents"
    return ConfigError(f"this is not YAML: {problem}", where=where, hint=hint)


def _refuse_circles(root: yaml.Node, shown: str) -> None:
    """An alias within itself would never end."""
    inside: set[int] = set()
    done: set[int] = set()

    def visit(raw: yaml.Node) -> None:
        if id(raw) in inside:
            raise ConfigError("an alias contains itself", where=f"{shown}:{raw.start_mark.line + 1}")
        if id(raw) in done or isinstance(raw, yaml.ScalarNode):
            return
        inside.add(id(raw))
        for child in raw.value:
            for part in child if isinstance(child, tuple) else (child,):
                visit(part)
        inside.remove(id(raw))
        done.add(id(raw))

    visit(root)
