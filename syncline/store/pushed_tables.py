"""The tables of pushed rows. A row whose text is NULL was deleted; its number stays until nobody needs it."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, String, Table, Text

from syncline.store import people_tables
from syncline.store.tables import Moment

metadata = people_tables.metadata  # with these, all tables there are

BYTEWISE = String(36).with_variant(String(36, collation="C"), "postgresql")
"""A GUID, in the order of its bytes whatever the language of the database."""

row = Table(
    "syncline_pushed",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("guid", BYTEWISE, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", String(32)),
    Column("text", Text),
    Index("syncline_pushed_sequence", "tenant", "sequence", "model", unique=True),  # the model last: see `many.among`
)
Index(
    "syncline_pushed_gone",
    row.c.tenant,
    row.c.model,
    row.c.sequence,
    sqlite_where=row.c.text.is_(None),
    postgresql_where=row.c.text.is_(None),
)

model = Table(
    "syncline_pushed_model",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("forgotten", BigInteger, nullable=False),
)

request = Table(
    "syncline_pushed_request",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("outcome", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("syncline_pushed_request_created", "tenant", "created_at"),
)
