"""Where a database is, and how to speak of it without its password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus

from syncline import ConfigError, Secret

_SQLITE = re.compile(r"sqlite:///([^?]+)")
_NO_PORT = re.compile(r"(\[[^\]]*\])|:(?!\d*(?:,|$)).*")
_ANY_DRIVER = re.compile(r"^postgres(ql)?://")
_POSTGRESQL = re.compile(r"^postgres(ql)?(\+psycopg)?://")
HARMLESS = (
    *("application_name", "charset", "connect_timeout", "dbname", "driver", "host", "hostaddr"),
    *("port", "service", "sslmode", "sslrootcert"),
)
_LOGIN = re.compile(r"(?i)user|uid|pass|pwd|secret|token|key|cert|auth|credential")
_LOGIN_PART = re.compile(r"(?i)(?:^|;)\s*(?:uid|user(?: id)?|pwd|password)\s*=[^;]*")
_SHORT = 4


def plain(url: str) -> str:
    """The address itself, also where it is a secret."""
    return url.reveal() if isinstance(url, Secret) else url


def for_sqlalchemy(url: str) -> str:
    """The address itself, with the driver of PostgreSQL that comes with Syncline where none is named.

    Example:
        >>> for_sqlalchemy("postgresql://db/shop")
        'postgresql+psycopg://db/shop'
    """
    return _ANY_DRIVER.sub("postgresql+psycopg://", plain(url))


def for_libpq(url: str) -> str | None:
    """The address as PostgreSQL's own library takes it, with all its settings; None where it takes SQLAlchemy.

    A driver other than ours (`postgresql+pg8000://`) is reached through SQLAlchemy.

    Example:
        >>> for_libpq("postgresql+psycopg://db/shop?sslmode=require")
        'postgresql://db/shop?sslmode=require'
    """
    address, found = _POSTGRESQL.subn("postgresql://", plain(url))
    return address if found else None


def shown(url: str) -> str:
    """The address without account and password, for messages and for `identity`; of settings, the harmless ones.

    Example:
        >>> shown("postgresql+psycopg://me:word@db/shop?sslmode=require&pwd=word")
        'postgresql://db/shop?sslmode=require&pwd=***'
    """
    system, _, rest = _parts(url)
    if not _has_clear_account(url):
        return f"{system.partition('+')[0]}://***"
    place, mark, query = rest.partition("?")
    host, slash, path = place.partition("/")
    host = _NO_PORT.sub(lambda found: found[1] or ":***", host)
    return f"{system.partition('+')[0]}://{host}{slash}{path}{mark}{'&'.join(_shown_settings(query))}"


def scrubbed(text: str, url: str) -> str:
    """What a driver says, without the password and the settings that `shown` hides, however these are written.

    Example:
        >>> scrubbed('no entry for "p@ss"', "postgresql://me:p%40ss@db/shop")
        'no entry for "***"'
    """
    _, account, rest = _parts(url)
    settings = [setting.partition("=") for setting in rest.partition("?")[2].split("&")]
    values = {value if equals else name for name, equals, value in settings if name.lower() not in HARMLESS}
    no_ports = {found[0][1:] for found in _NO_PORT.finditer(rest.partition("/")[0]) if not found[1]}
    hidden = values | no_ports | {account.partition(":")[2]}
    plain_words = {unquote(word) for word in hidden} | {unquote_plus(word) for word in hidden}
    for word in sorted(hidden | plain_words | {quote(word, safe="") for word in plain_words}, key=len, reverse=True):
        if word:
            found = re.escape(word) if len(word) >= _SHORT else rf"(?<!\w){re.escape(word)}(?!\w)"
            text = re.sub(found, "***", text)
    return text


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database, or None where it takes SQLAlchemy to reach it.

    `sqlite:///a.db` is read by Python's own driver; `sqlite+pysqlite:///a.db` goes through SQLAlchemy.

    Raises:
        ConfigError: the database would live in memory only, and be gone before anybody reads it; or it cannot be
            told where the account ends.

    Example:
        >>> sqlite_file("sqlite:///data/shop.db")
        PosixPath('data/shop.db')
    """
    address = plain(url)
    if "://" not in address:
        raise ConfigError(
            "`url` is not the address of a database", hint="e.g. sqlite:///shop.db, postgresql://host/shop"
        )
    if address in ("sqlite://", "sqlite:///", "sqlite:///:memory:"):
        raise ConfigError(f"{address} lives in memory only", hint="name a file: sqlite:///shop.db")
    if not _has_clear_account(address):
        hint = "in user, password, names and settings write %40 for @, %2F for / and %3F for ?"
        raise ConfigError("`url` has an @, / or ? by which nobody can tell where the password ends", hint=hint)
    found = _SQLITE.fullmatch(address)
    return Path(found[1]) if found else None


def identity(url: str, schema: str | None) -> str:
    """What a database is, whoever logs in to it (R5); settings that are not shown are told apart by a hash."""
    path = sqlite_file(url)
    where = f"sqlite:///{path.resolve()}" if path else shown(url)
    place = "default" if schema == "main" and where.startswith("sqlite:") else schema or "default"
    rest = "&".join(_telling_settings(_parts(url)[2].partition("?")[2]))
    mark = f", settings={sha256(rest.encode()).hexdigest()[:8]}" if rest else ""
    return f"sql({where}, schema={place}{mark})"


def _parts(url: str) -> tuple[str, str, str]:
    """The system, the account (all up to the last @) and the rest; SQLite knows no accounts."""
    system, _, rest = plain(url).partition("://")
    if system.startswith("sqlite"):
        return system, "", rest
    account, _, place = rest.rpartition("@")
    return system, account, place


def _has_clear_account(url: str) -> bool:
    """Whether the last @ ends the account for sure, which other ones, and a / or ? before it, leave in doubt."""
    account = _parts(url)[1]
    return not ("@" in account or "?" in account or "/" in account.partition(":")[0])


def _shown_settings(query: str) -> Iterator[str]:
    for setting in filter(None, query.split("&")):
        name, equals, _ = setting.partition("=")
        yield setting if name.lower() in HARMLESS else f"{name}=***" if equals else "***"


def _telling_settings(query: str) -> Iterator[str]:
    """The settings that are not shown and may say which database it is, without whoever logs in."""
    for setting in filter(None, query.split("&")):
        name, _, value = setting.partition("=")
        if name.lower() not in HARMLESS and not _LOGIN.search(name):
            yield f"{name}={_LOGIN_PART.sub('', unquote_plus(value))}"
