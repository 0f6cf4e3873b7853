"""A template of one's own, which makes a file row by row; it can read nothing but the rows."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncline.errors import ConfigError

_TRUTH = ("true", "false")


@dataclass(frozen=True, slots=True)
class Template:
    """The text of a Jinja2 template, and the name of its file for messages.

    It gets `rows`, to go through once, and `columns`, their names. What it prints is escaped.

    Raises:
        ConfigError: it is not written as a template is; says where.

    Example:
        >>> shop = Template("shop.xml", "<s>{% for row in rows %}<p>{{ row.name }}</p>{% endfor %}</s>")
        >>> "".join(shop.render(["name"], [{"name": "R&B"}, {"name": None}]))
        '<s><p>R&amp;B</p><p></p></s>'
    """

    name: str
    text: str

    def __post_init__(self) -> None:
        self._compiled(str)

    def render(
        self,
        columns: Sequence[str],
        rows: Iterable[Mapping[str, object]],
        null: str = "",
        booleans: tuple[str, str] = _TRUTH,
    ) -> Iterator[str]:
        """The pieces of the file, as the rows come.

        Raises:
            ConfigError: the template fails; says where.
        """

        def shown(value: object) -> object:
            if isinstance(value, bool):
                return booleans[0] if value else booleans[1]
            return null if value is None else value

        broken: list[Exception] = []

        def given() -> Iterator[_Row]:
            try:
                yield from map(_Row, rows)
            except Exception as error:
                broken.append(error)
                raise

        try:
            yield from self._compiled(shown).generate(columns=list(columns), rows=given())
        except Exception as error:
            if error in broken:  # the rows broke off; the template is not to blame
                raise
            raise ConfigError(
                f"the template fails: {getattr(error, 'message', error)}", where=self._at(error)
            ) from error

    def _compiled(self, shown: Callable[[object], object]) -> Any:
        from jinja2 import StrictUndefined, TemplateSyntaxError  # noqa: PLC0415 - few files have a template
        from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

        room = ImmutableSandboxedEnvironment(
            autoescape=True,
            finalize=shown,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        try:
            code = room.compile(self.text, filename=self.name)
        except TemplateSyntaxError as error:
            raise ConfigError(f"not a template: {error.message}", where=f"{self.name}:{error.lineno}") from error
        return room.template_class.from_code(room, code, room.globals)

    def _at(self, error: Exception) -> str:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == self.name]
        return f"{self.name}:{lines[-1]}" if lines else self.name


class _Row:
    """The values of a row by name, so that no name of a column is taken by something else."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> object:
        if name not in self._values:
            raise ConfigError(f"there is no column `{name}`; known are {', '.join(self._values)}")
        return self._values[name]
