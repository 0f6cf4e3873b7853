"""Secrets of people and programs: made at random, kept as hashes."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from syncline.errors import ConfigError
from syncline.store.tables import plain

KEY_BEGINS = "slk_"
SHOWN = len(KEY_BEGINS) + 8
"""How much of a key is kept readable, for its owner to tell it from others."""
SHORTEST, LONGEST = 10, 1024
_LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}")
_AT_ONCE = BoundedSemaphore(4)
"""Each check of a password takes 19 MiB and a CPU: strangers may not have all of them."""


def new_token() -> str:
    """256 random bits, as text that can stand in an address."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    """An API key; its beginning lets scanners of leaked secrets know it."""
    return f"{KEY_BEGINS}{new_token()}"


def digest(secret: str) -> str:
    """What is stored of a token or key: it cannot be guessed, so a quick hash will do.

    Example:
        >>> len(digest("slk_"))
        64
    """
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def normal(email: str) -> str:
    """An email as it is compared: case does not count; of what is too long for one, so much that it is none.

    Example:
        >>> normal(" Ann@Example.COM ")
        'ann@example.com'
    """
    return plain(_folded(email))[: _LONGEST_EMAIL + 1]


def checked_email(email: str) -> str:
    """The email as it is stored.

    Raises:
        ConfigError: it is none.
    """
    found = _folded(email)
    if not _EMAIL.fullmatch(found) or not found.isprintable():
        raise ConfigError(f"`{email}` is not an email address", hint="e.g. ann@example.com")
    return found


def _folded(email: str) -> str:
    return unicodedata.normalize("NFC", email).strip().lower()  # `casefold` would make one of straße and strasse


def hashed(password: str) -> str:
    """What is stored of a password: argon2id, slow to guess.

    Raises:
        ConfigError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ConfigError(f"a password has at least {SHORTEST} and at most {LONGEST} characters")
    with _AT_ONCE:
        return str(_hasher().hash(_bytes(password)))


def fits(stored: str | None, password: str) -> bool:
    """Whether this is the password; where there is none, saying so takes as long, so that nobody can tell."""
    from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415

    with _AT_ONCE:
        try:
            _hasher().verify(stored or _nobodys(), _bytes(password[: LONGEST + 1]))
        except (Argon2Error, InvalidHashError):
            return False
    return stored is not None


@cache
def _hasher() -> Any:
    """With the parameters OWASP names for servers: 19 MiB, two passes, one thread."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - only who logs people in needs it

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys() -> str:
    return str(_hasher().hash(new_token()))


def _bytes(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
