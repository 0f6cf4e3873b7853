"""A value that does not print."""

from __future__ import annotations

import os
import re
from pathlib import Path

from syncline.errors import ConfigError

_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")


class Secret(str):
    """A text that shows itself only to who uses it: `repr` and formatted output are masked.

    Example:
        >>> word = Secret("s3same")
        >>> word
        Secret('***')
        >>> word.reveal()
        's3same'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """A mask."""
        return "Secret('***')"

    def __str__(self) -> str:
        """A mask."""
        return "***"

    def __format__(self, spec: str) -> str:
        """A mask."""
        return "***"

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)


def resolve(text: str) -> str:
    """Put the values of `${env:NAME}` and `${file:PATH}` in; what bears one becomes a Secret.

    Raises:
        ConfigError: the variable is not set, or the file cannot be read.
    """
    if not _REFERENCE.search(text):
        return text
    return Secret(_REFERENCE.sub(_value, text))


def _value(reference: re.Match[str]) -> str:
    kind, name = reference.groups()
    if kind == "env":
        if name not in os.environ:
            raise ConfigError(f"the variable {name} is not set", hint=f"export {name}=…")
        return os.environ[name]
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise ConfigError(f"the file {name} is not UTF-8 text") from error
    except (OSError, ValueError) as error:  # a path with a null byte is a wrong value to Python
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"the file {name} cannot be read: {reason}") from error
