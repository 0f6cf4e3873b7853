"""The tables of who may do what. Secrets lie in them as hashes only."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from syncline.store import notice_tables
from syncline.store.tables import Moment, Words

metadata = notice_tables.metadata

user = Table(
    "syncline_user",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Index("syncline_user_email", "email", unique=True),
)

key = Table(
    "syncline_key",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("name", Words, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("role", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    Index("syncline_key_hash", "hash", unique=True),
)

session = Table(
    "syncline_session",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("user", String(36), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("syncline_session_hash", "hash", unique=True),
)

link = Table(
    "syncline_link",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("user", String(36)),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index("syncline_link_hash", "hash", unique=True),
)

attempt = Table(
    "syncline_attempt",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("since", Moment, nullable=False),
)

audit = Table(
    "syncline_audit",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Words, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Words, nullable=False),
    Column("address", Words, nullable=False),
    Column("details", JSON, nullable=False),
    Index("syncline_audit_at", "tenant", "at"),
)
