"""The one place where a query is bound to its tenant (Invariant 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Table, Update, delete, insert, select, update

from syncline.store import many


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company: what it asks the database for is its own, what it writes stays its own.

    Example:
        >>> from syncline.store.tables import head
        >>> "tenant = :tenant_1" in str(Tenant("acme").select(head))
        True
    """

    name: str

    def select(self, table: Table) -> Select[Any]:
        """Rows of this tenant."""
        return select(table).where(table.c.tenant == self.name)

    def insert(self, table: Table, **values: Any) -> Insert:
        """A new row of this tenant."""
        return insert(table).values(tenant=self.name, **values)

    def insert_new(self, connection: Connection, table: Table, /, **values: Any) -> bool:
        """Insert a row of this tenant unless its key is taken; whether it was inserted."""
        new = many.insert(connection, table).values(tenant=self.name, **values)
        return connection.execute(new.on_conflict_do_nothing().returning(table.c.tenant)).first() is not None

    def upsert(self, connection: Connection, table: Table, same: Mapping[str, Any], columns: many.Columns) -> None:
        """Put many rows of this tenant in place of those with their key; `same` is what all of them have."""
        many.upsert(connection, table, {"tenant": self.name, **same}, columns)

    def update(self, table: Table, **values: Any) -> Update:
        """A change to rows of this tenant."""
        return update(table).where(table.c.tenant == self.name).values(**values)

    def delete(self, table: Table) -> Delete:
        """Rows of this tenant, to be removed."""
        return delete(table).where(table.c.tenant == self.name)


def anywhere(*tables: Table) -> Select[Any]:
    """Rows of whichever tenant. Only to find out who asks: by a secret they show, or the email they log in with."""
    return select(*tables)
