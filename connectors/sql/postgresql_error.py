"""What PostgreSQL refuses, in our words: by the code of the error, or where it has none by what it says."""

from __future__ import annotations

import re

from syncline import ConfigError, DataError, SynclineError, TransientError

_LATER = re.compile(r"08|40|53|55P03|57|58|72|XX")
"""Codes of what may pass: connections, rolled back transactions, scarce resources, shutdowns, time limits, disks."""
_SETTING = re.compile(r"0A|25006|28|3D|3F|42")
"""Codes of what is wrong with a statement, a name, an account or its rights."""
_ENTRY = re.compile(
    r"(?i)authentication failed|no password supplied|does not exist|no pg_hba.conf entry|not permitted to log in"
    r"|permission denied for database|invalid URI|invalid connection option|invalid \w+ value|does not support SSL"
    r"|certificate|(?:extra|missing) key/value separator|invalid percent-encoded token|forbidden value %00"
)
_ANSWER = re.compile(r"\bfailed: \w+: ")
"""The server itself refuses, perhaps in a language of its own."""
_OPENING = re.compile(
    r"^\w+: (?:\[libpq\] )?(?:(?:Failed to \w+(?: \w+)?|could not begin COPY|Execution error \[\w+\]): )*(?:\w+:  )?"
)
_ENDING = re.compile(r"\s*(?:Query was:.*)?(?:\.? ?SQLSTATE: \w+)?\s*$", re.DOTALL)


def in_our_words(code: str | None, message: str, where: str) -> SynclineError:
    """The error to raise; `code` is the SQLSTATE, None where no connection came about or it broke.

    Example:
        >>> in_our_words("42P01", 'relation "pets" does not exist', "postgresql://db/shop")
        ConfigError('postgresql://db/shop: relation "pets" does not exist')
        >>> in_our_words(None, "FATAL:  password authentication failed", "postgresql://db/shop").hint
        'check `url:`'
    """
    said = " ".join(message.split())
    if code is None or code.startswith(("28", "3D")):
        return _outside(said, where)
    if code == "42501":
        return ConfigError(f"{where}: {said}", hint="GRANT the right, or name another account in `url:`")
    if _LATER.match(code):
        return TransientError(f"{where}: {said}")
    return (ConfigError if _SETTING.match(code) else DataError)(f"{where}: {said}")


def said(message: str) -> str:
    r"""What PostgreSQL itself says in a message of its Arrow driver.

    Example:
        >>> said("NOT_FOUND: Failed to prepare query: ERROR:  no such thing\nQuery was: sel. SQLSTATE: 42601")
        'no such thing'
    """
    return _ENDING.sub("", _OPENING.sub("", message))


def _outside(said: str, where: str) -> SynclineError:
    if _ENTRY.search(said):
        return ConfigError(f"{where} lets nobody in with these settings: {said}", hint="check `url:`")
    if _ANSWER.search(said):
        return TransientError(f"{where} lets nobody in: {said}", hint="check `url:`")
    return TransientError(f"{where} does not answer: {said}", hint="check `url:`, and that the server runs")
