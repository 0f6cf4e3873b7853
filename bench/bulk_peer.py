"""The peer of `bench.bulk`: what one writes by hand for this one table, with FastAPI, pydantic, COPY and an upsert.

Nobody is asked who they are beyond one key, nothing is kept of what has changed, and deletions are not known.
"""

from __future__ import annotations

import os
import queue
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid4

import psycopg
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

KEY, MOST = "slk_bench", 1000
TABLE = """
    CREATE TABLE IF NOT EXISTS pieces (
        company text DEFAULT 'steelworks', guid uuid, assembly_guid text, mark text NOT NULL, profile text NOT NULL,
        grade text, quantity integer, length numeric(9,1), weight numeric(12,3), painted boolean,
        updated_at timestamptz, PRIMARY KEY (company, guid))
"""
NAMES = "guid, assembly_guid, mark, profile, grade, quantity, length, weight, painted, updated_at"
CHANGED = ", ".join(f"{name} = excluded.{name}" for name in NAMES.split(", ")[1:])


class Piece(BaseModel):
    """An item."""

    guid: UUID = Field(default_factory=uuid4)
    assembly_guid: str | None = None
    mark: str
    profile: str
    grade: str | None = None
    quantity: int | None = None
    length: Annotated[Decimal, Field(max_digits=9, decimal_places=1)] | None = None
    weight: Annotated[Decimal, Field(max_digits=12, decimal_places=3)] | None = None
    painted: bool | None = None
    updated_at: datetime | None = None


app = FastAPI()
_free: queue.SimpleQueue[psycopg.Connection] = queue.SimpleQueue()


def _connected() -> psycopg.Connection:
    try:
        return _free.get_nowait()
    except queue.Empty:
        connection = psycopg.connect(os.environ["PEER_DATABASE"])
        connection.execute(TABLE)
        connection.execute("CREATE TEMP TABLE stage (LIKE pieces INCLUDING DEFAULTS)")
        connection.commit()
        return connection


@app.post("/pieces")
def push(pieces: list[Piece], authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
    """Take the items in, in one transaction."""
    if authorization != f"Bearer {KEY}":
        raise HTTPException(401)
    if len(pieces) > MOST:
        raise HTTPException(400)
    connection = _connected()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE stage")
        with cursor.copy(f"COPY stage ({NAMES}) FROM STDIN") as copy:
            for piece in pieces:
                copy.write_row(tuple(piece.__dict__.values()))
        cursor.execute(
            f"INSERT INTO pieces (company, {NAMES}) SELECT company, {NAMES} FROM stage ORDER BY guid "
            f"ON CONFLICT (company, guid) DO UPDATE SET {CHANGED} RETURNING (xmax = 0)"
        )
        inserted = sum(new for (new,) in cursor.fetchall())
    _free.put(connection)
    return {"inserted": inserted, "updated": len(pieces) - inserted}
