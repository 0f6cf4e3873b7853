"""A value that does not print."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from syncline.errors import ConfigError

_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")
_TELLING = r"pass\w{0,40}|pwd|secret|token|signature|credentials?|api[_-]?key|access[_-]?key"
_HIDDEN = (
    (re.compile(r"(?<=://)[^\s'\"]{0,500}@"), "***@"),
    (re.compile(r"([?&][^\s=&?]{1,200}=)[^\s&'\"]*"), r"\1***"),
    (re.compile(rf"(?i)((?:{_TELLING})['\"]?\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s;&,]+)"), r"\1***"),
    (re.compile(r"(?i)\b(bearer|authorization:\s*basic)\s+\S+"), r"\1 ***"),
)
"""Each within bounds, so that a long text of others takes no longer than it is long."""
_SHORT = 6
_KNOWN: set[str] = set()
"""What references were resolved to, but for what is so short that it may be any word."""


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


def masked(text: str) -> str:
    """What somebody says, without what looks like a secret: log-ins and queries of addresses, passwords, known values.

    Example:
        >>> masked("GET https://me:word@host/prices.csv?signature=abc gave 403; token=xyz")
        'GET https://***@host/prices.csv?signature=*** gave 403; token=***'
    """
    for value in sorted(_KNOWN, key=len, reverse=True):
        text = text.replace(value, "***")
    for pattern, shown in _HIDDEN:
        text = pattern.sub(shown, text)
    return text


def sealed(seal: bytes, text: str) -> str:
    """The text, as nobody can read it who has another seal.

    Example:
        >>> unsealed(b"seal", sealed(b"seal", "https://host/prices.csv?signature=4f1d"))
        'https://host/prices.csv?signature=4f1d'
    """
    return _lock(seal).encrypt(text.encode()).decode()


def unsealed(seal: bytes, text: str) -> str:
    """The text that was sealed.

    Raises:
        ConfigError: with another seal.
    """
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 - seldom needed

    try:
        return _lock(seal).decrypt(text.encode()).decode()
    except InvalidToken as error:
        hint = 'let all that run this workspace have the same: `web: {secret: "${env:SYNCLINE_SECRET}"}`'
        raise ConfigError("what was handed over was sealed by somebody with another secret", hint=hint) from error


def _lock(seal: bytes) -> Any:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - seldom needed

    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"sealed\0" + seal).digest()))


def kept_secret(file: Path) -> bytes:
    """A secret that nobody has chosen: made up by whoever asks first, and kept in a file that only its owner reads.

    Raises:
        ConfigError: the file cannot be read or made.
    """
    try:
        if not file.exists():
            _keep(file, secrets.token_hex(32))
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"the file {file} cannot be read: {error.strerror}") from error


def _keep(file: Path, text: str) -> None:
    """Have it there whole; of several who do so at once the first counts."""
    mine = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as made:
        made.write(text)
    with suppress(FileExistsError):
        file.hardlink_to(mine)
    mine.unlink()


def _value(reference: re.Match[str]) -> str:
    value = _found(*reference.groups())
    if len(value) >= _SHORT:
        _KNOWN.add(value)
    return value


def _found(kind: str, name: str) -> str:
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
