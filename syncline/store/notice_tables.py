"""The table of what is still to be told."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from syncline.store import tables
from syncline.store.tables import Moment

metadata = tables.metadata

notice = Table(
    "syncline_notice",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("hook", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Index("syncline_notice_due", "tenant", "due_at"),
)
