"""The only memory: runs, where each model stands, and who holds a connection, in SQLite or PostgreSQL."""

from __future__ import annotations

import os

from syncline.errors import ConfigError
from syncline.store.database import open_database
from syncline.store.migration import migrate
from syncline.store.sql import SqlStore
from syncline.webhook import Webhook

__all__ = ["SqlStore", "open_store"]

_LEASE = "SYNCLINE_LEASE_SECONDS"


def open_store(url: str, *, tenant: str = "default", hooks: tuple[Webhook, ...] = ()) -> SqlStore:
    """The store of a tenant, its tables made or brought up to date if need be.

    Args:
        url: `sqlite:///file` or `postgresql://user:password@host/database`.
        tenant: whose; nothing crosses its border (Invariant 10).
        hooks: who is to be told what becomes of its runs.

    Raises:
        ConfigError: the URL is none, the database refuses us, or was made by a newer version.
        TransientError: the database cannot be reached now.

    Example:
        >>> import tempfile
        >>> store = open_store(f"sqlite:///{tempfile.mkdtemp()}/store.db")
        >>> store.runs()
        []
    """
    lease_seconds = _lease_seconds()
    database = open_database(url)
    migrate(database)
    return SqlStore(database, tenant, lease_seconds, hooks)


def _lease_seconds() -> float:
    told = os.environ.get(_LEASE, "60")
    try:
        seconds = float(told)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"{_LEASE} is a number of seconds over 0, not `{told}`", hint=f"e.g. {_LEASE}=60")
    return seconds
