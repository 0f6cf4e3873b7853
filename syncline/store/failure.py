"""What a database's complaint means to who runs Syncline; no message bears a password or a value."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from syncline.errors import ConfigError, SynclineError, TransientError
from syncline.secret import masked

_SETTING = "check SYNCLINE_DATABASE_URL"
_CONFIG = (
    ("unable to open database file", "the file cannot be opened", "check the path and who may write there"),
    ("readonly database", "the file is read-only", "let the user Syncline runs as write to it and to its folder"),
    ("file is not a database", "the file is not a SQLite database", "name another file, or move this one away"),
    ("authentication failed", "the database refuses the user or the password", _SETTING),
    ("no password supplied", "the database wants a password", _SETTING),
    ("no pg_hba.conf entry", "the database lets nobody in from here", "allow it in the server's pg_hba.conf"),
    ('(database|role) "[^"]*" does not exist', "the database or the user does not exist", "create it, or " + _SETTING),
    ("invalid connection option", "the URL has an option PostgreSQL does not know", _SETTING),
    ("permission denied", "the user may not do this in the database", "grant it the rights to the schema"),
    ("read-only transaction", "the database takes no changes: it is a copy, or set read-only", "use the primary"),
    ("malformed", "the file is damaged", "restore it from a backup"),
)
_TRANSIENT = (
    ("disk is full", "the disk is full", "make room and try again"),
    ("no space left", "the database's disk is full", "make room and try again"),
    ("could not extend file", "the database's disk is full", "make room and try again"),
    ("database is locked", "the database was busy for too long", "try again"),
    ("lock timeout", "the database was busy for too long", "try again"),
    ("too many clients", "the database has no connection left", "try again, or allow it more connections"),
    ("remaining connection slots", "the database has no connection left", "try again, or allow it more connections"),
    ("disk i/o error", "the disk fails", "check the disk, then try again"),
)


def explained(error: DBAPIError, where: str) -> SynclineError | DBAPIError:
    """The error in words that help; one that can only be a mistake of ours stays what it is."""
    said = str(error.orig).lower()
    for known, cls in ((_CONFIG, ConfigError), (_TRANSIENT, TransientError)):
        for sign, message, hint in known:
            if re.search(sign, said):
                return cls(message, where=where, hint=hint)
    if isinstance(error, OperationalError | InterfaceError):
        return TransientError(f"the database cannot be used now: {_first_line(error)}", where=where, hint=_SETTING)
    return error


def _first_line(error: DBAPIError) -> str:
    line = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
    return masked(line)
