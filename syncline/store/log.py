"""What is said while runs go on, as rows and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from syncline.line import Line
from syncline.store import tables
from syncline.store.tables import plain
from syncline.store.tenant import Tenant

_LINE = tables.log.c


@dataclass(frozen=True, slots=True)
class Log:
    """The logs of a tenant's runs."""

    tenant: Tenant

    def add(self, connection: Connection, run: str, lines: Sequence[Line], start: int) -> None:
        """Keep these lines, the first of them as number `start`; a second time changes nothing."""
        columns = {
            "number": range(start, start + len(lines)),
            "at": [line.at for line in lines],
            "level": [line.level for line in lines],
            "text": [plain(line.text) for line in lines],
            "model": [line.model for line in lines],
        }
        self.tenant.upsert(connection, tables.log, {"run": run}, columns)

    def read(self, connection: Connection, run: str, start: int, limit: int | None) -> list[Line]:
        """The lines of a run in their order, from number `start` on."""
        query = self.tenant.select(tables.log).where(_LINE.run == run, _LINE.number >= start)
        rows = connection.execute(query.order_by(_LINE.number).limit(limit))
        return [Line(row.at, row.level, row.text, row.model) for row in rows]
