"""PostgreSQL by its own driver: reaching it, what a transaction of ours sets, and its errors in our words."""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import conninfo, errors

from connectors.sql import address, postgresql_error
from syncline import ConfigError, DataError, SynclineError, TransientError

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
CONNECT_SECONDS = 15
_SETTINGS = {
    "lock_timeout": ("0", "30s"),  # what another holds is waited for, but not for ever
    "idle_in_transaction_session_timeout": ("0", "60s"),  # who sleeps in a transaction is thrown out (R21)
    "tcp_keepalives_idle": ("7200", "30"),  # so is who has vanished
    "tcp_keepalives_interval": ("75", "10"),
    "tcp_keepalives_count": ("9", "3"),
    "synchronous_commit": ("off", "on"),  # what we have noted as loaded must be there after a power cut
}
_FORMS = {"timezone": "UTC", "datestyle": "ISO, YMD", "intervalstyle": "postgres", "bytea_output": "hex"}
_DENIED = re.compile(r"permission denied .*?\b(database|relation|schema|sequence|table|view) (.+)")
_GRANTS = {
    "schema": "GRANT USAGE, CREATE ON SCHEMA {name} TO {role}",
    "database": "GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {role}",
}
_GRANT = "GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {role}"
_QUOTED = re.compile(r'"([^"]*)"')
_DETAILED = ("23503", "23505", "23P01")
_WORDS: dict[str, tuple[type[SynclineError], str, str]] = {
    "25006": (ConfigError, "{where} can only be read: {said}", "a replica cannot be loaded, its primary can"),
    "25P03": (TransientError, "{where} ended a load that had fallen asleep: {said}", ""),
    "53100": (DataError, "no disk space is left for {where}: {said}", "make room, then run again"),
    "55P03": (TransientError, "another program holds what is needed of {where}: {said}", "`pg_locks` tells which"),
    "57014": (TransientError, "{where} broke off a statement: {said}", "raise its `statement_timeout`"),
    "57P04": (ConfigError, "the database {where} was dropped", "check `url:`"),
}
_OF_ROWS = ("21", "22", "23", "27", "44", "54", "P0")
_NOT_OF_ROWS = (
    "08",
    "0A",
    "25",
    "26",
    "28",
    "2D",
    "34",
    "3B",
    "3D",
    "3F",
    "40",
    "42",
    "53",
    "55",
    "57",
    "58",
    "F0",
    "XX",
)

logging.getLogger("psycopg").setLevel(logging.ERROR)  # its warnings say again what it raises


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection in which only `transaction` changes anything.

    Raises:
        ConfigError: the address is wrong, or its account is not let in.
        TransientError: the database does not answer.
    """
    with told(url):
        settings = conninfo.conninfo_to_dict(address.for_libpq(url) or "")
        settings.setdefault("connect_timeout", CONNECT_SECONDS)
        settings.setdefault("fallback_application_name", "syncline")
        settings["client_encoding"] = "UTF8"  # which is what Arrow has
        options: dict[str, Any] = {"autocommit": True, "prepare_threshold": None}  # so that PgBouncer may stand between
        with closing(psycopg.connect(**{**settings, **options})) as connection:
            yield connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of what happens within, or nothing of it.

    What the role or the address has set stays; where nothing is set, nothing is waited for or held for ever.
    """
    if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
        raise errors.ReadOnlySqlTransaction("it is a replica")
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    connection.read_only = False
    with connection.transaction():
        replaced = [(name, mild, ours) for name, (mild, ours) in _SETTINGS.items()]
        kept = [(name, None, form) for name, form in _FORMS.items()]
        names, milds, values = zip(*replaced, *kept, strict=True)
        connection.execute(
            "SELECT set_config(name, value, true) "
            "FROM unnest(%s::text[], %s::text[], %s::text[]) AS s (name, mild, value) "
            "WHERE mild IS NULL OR current_setting(name) = mild",
            [list(names), list(milds), list(values)],
        )
        yield


def codec(connection: Connection) -> str:
    """The encoding in which the database keeps text, as Python calls it; empty where it keeps any."""
    name = connection.info.parameter_status("server_encoding") or "UTF8"
    if name in ("UTF8", "SQL_ASCII"):
        return ""
    try:
        return codecs.lookup(name.replace("WIN", "cp")).name
    except LookupError:
        return ""


@contextmanager
def told(url: str) -> Iterator[None]:
    """Errors of PostgreSQL become ours."""
    try:
        yield
    except psycopg.Error as error:
        raise in_our_words(error, url) from None  # the cause may bear the password


def reason(error: psycopg.Error) -> str:
    """What the database itself says, on one line; without the rest of the row, which is nobody's business."""
    said = [error.diag.message_primary or str(error)]
    if error.sqlstate in _DETAILED and error.diag.message_detail:
        said.append(error.diag.message_detail)
    return " ".join(": ".join(said).split())


def is_of_rows(error: psycopg.Error) -> bool:
    """Whether the rows are to blame, rather than the server, the connection or the statement.

    A trigger may raise codes of its own.
    """
    code = (error.sqlstate or "")[:2]
    return code in _OF_ROWS or (bool(code) and code not in _NOT_OF_ROWS)


def in_our_words(error: psycopg.Error, url: str) -> SynclineError:
    """An error of PostgreSQL by what to do about it."""
    where, code, said = address.shown(url), error.sqlstate, address.scrubbed(reason(error), url)
    if code == "42501":
        return ConfigError(f"{where}: {said}", hint=_grant(said, url))
    if code in _WORDS:
        kind, message, hint = _WORDS[code]
        return kind(message.format(where=where, said=said), hint=hint)
    if code is None and isinstance(error, psycopg.ProgrammingError):
        named = _QUOTED.sub(lambda found: found[0] if found[1] in address.HARMLESS else '"***"', said)
        return ConfigError(f"{where} is not an address PostgreSQL can use: {named}", hint="check `url:`")
    return postgresql_error.in_our_words(code, said, where)


def _grant(said: str, url: str) -> str:
    """What somebody who may should type."""
    role = conninfo.conninfo_to_dict(address.for_libpq(url) or "").get("user") or "this role"
    denied = _DENIED.search(said)
    if denied is None:
        return f"give {role} the right to it, or make it the owner"
    return _GRANTS.get(denied[1], _GRANT).format(name=denied[2], role=role)
