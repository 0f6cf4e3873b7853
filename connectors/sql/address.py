"""Where a database is, and how to speak of it without its password."""

from __future__ import annotations

import re
from pathlib import Path

from syncline import ConfigError, Secret

_SQLITE = re.compile(r"sqlite:///([^?]+)")
_ACCOUNT = re.compile(r"(?<=://)[^/@]*(?:/[^/@]*)*@")
_ANY_DRIVER = re.compile(r"^postgres(ql)?://")
_POSTGRESQL = re.compile(r"^postgres(ql)?(\+psycopg)?://")
_SECRET_SETTING = re.compile(r"(?i)([?&][^=&]*(?:password|passwd|secret|token)[^=&]*)=[^&]*")


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
    """The address without account and password, for messages and for `identity`.

    Example:
        >>> shown("postgresql+psycopg://me:word@db/shop?sslmode=require")
        'postgresql://db/shop?sslmode=require'
    """
    system, mark, rest = plain(url).partition("://")
    without_account = _ACCOUNT.sub("", f"{system.partition('+')[0]}{mark}{rest}")
    return _SECRET_SETTING.sub(r"\1=***", without_account)


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database, or None where it takes SQLAlchemy to reach it.

    `sqlite:///a.db` is read by Python's own driver; `sqlite+pysqlite:///a.db` goes through SQLAlchemy.

    Raises:
        ConfigError: the database would live in memory only, and be gone before anybody reads it.

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
    found = _SQLITE.fullmatch(address)
    return Path(found[1]) if found else None


def identity(url: str, schema: str | None) -> str:
    """What a database is, whoever logs in to it (R5)."""
    path = sqlite_file(url)
    where = f"sqlite:///{path.resolve()}" if path else shown(url)
    return f"sql({where}, schema={schema or 'default'})"
