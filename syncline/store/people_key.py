"""API keys, as rows and back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, or_

from syncline.errors import ConfigError
from syncline.people import Caller, Key, Refused, Role, Scope
from syncline.store import people_tables as tables
from syncline.store.database import now
from syncline.store.people_secret import SHOWN, digest, new_key
from syncline.store.people_session import SEEN
from syncline.store.tenant import Tenant, anywhere

_KEY = tables.key.c


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a tenant."""

    tenant: Tenant

    def create(
        self, connection: Connection, name: str, scopes: Collection[Scope], role: Role, expires_at: datetime | None
    ) -> tuple[Key, str]:
        """A new key and its text."""
        text, id = new_key(), str(uuid4())
        values = {"role": role, "scopes": sorted(scopes), "expires_at": expires_at, "created_at": now(connection)}
        new = self.tenant.insert(tables.key, id=id, name=name, prefix=text[:SHOWN], hash=digest(text), **values)
        connection.execute(new)
        return self._one(connection, id), text

    def all(self, connection: Connection) -> list[Key]:
        """The keys of the tenant, newest first."""
        query = self.tenant.select(tables.key).order_by(_KEY.created_at.desc(), _KEY.id)
        return [_key(row) for row in connection.execute(query)]

    def revoke(self, connection: Connection, wanted: str) -> Key:
        """Let a key in no more: the one of this id, prefix or name.

        Raises:
            ConfigError: there is none, or more than one.
        """
        same = or_(_KEY.id == wanted, _KEY.prefix == wanted, _KEY.name == wanted)
        found = connection.execute(self.tenant.select(tables.key).where(same, _KEY.revoked_at.is_(None))).all()
        if not found:
            raise ConfigError(f"there is no key `{wanted}` that could be revoked", hint="`syncline keys list`")
        if len(found) > 1:
            some = ", ".join(row.prefix for row in found)
            raise ConfigError(f"more than one key is called `{wanted}`: {some}", hint="name one by its prefix")
        change = self.tenant.update(tables.key, revoked_at=now(connection))
        connection.execute(change.where(_KEY.id == found[0].id))
        return self._one(connection, found[0].id)

    def _one(self, connection: Connection, id: str) -> Key:
        return _key(connection.execute(self.tenant.select(tables.key).where(_KEY.id == id)).one())


def key_of(connection: Connection, text: str) -> tuple[Key, bool]:
    """The key with this text, of whichever tenant, and whether its use should be written down.

    Raises:
        Refused: it is unknown, expired or revoked.
    """
    found = connection.execute(anywhere(tables.key).where(_KEY.hash == digest(text))).one_or_none()
    if found is None:
        raise Refused("this key is not known")
    key, moment = _key(found), now(connection)
    if key.is_over(moment):
        raise Refused(f"the key {key.prefix}… {'was revoked' if key.revoked_at else 'has expired'}")
    return key, key.last_used_at is None or moment - key.last_used_at >= SEEN


def used(connection: Connection, key: Key) -> None:
    """Write down that a key was used."""
    change = Tenant(key.tenant).update(tables.key, last_used_at=now(connection))
    connection.execute(change.where(_KEY.id == key.id))


def caller_with(key: Key) -> Caller:
    """A key that asks."""
    return Caller(key.tenant, key.role, key.scopes, key.name, key=key.id)


def _key(row: Row[Any]) -> Key:
    values = {name: value for name, value in row._mapping.items() if name != "hash"}  # noqa: SLF001
    return Key(**{**values, "role": Role(row.role), "scopes": frozenset(Scope(scope) for scope in row.scopes)})
