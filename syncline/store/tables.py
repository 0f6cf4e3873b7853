"""The tables of the store. Each begins with the tenant, and so does each key (Invariant 10)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """A time in UTC, which it still says when it is read; SQLite has no zones of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The time as the database takes it."""
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The time as Python has it."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """A text for people. What cannot be stored as text, U+0000 and halves of pairs, becomes a question mark (R34)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The text as every database takes it."""
        return None if value is None else plain(value)


def plain(text: str) -> str:
    """The text as it is stored.

    Example:
        >>> plain("a" + chr(0) + "b")
        'a?b'
    """
    return text.replace("\0", "?").encode(errors="replace").decode()


def _tenant() -> Column[str]:
    return Column("tenant", Text, primary_key=True)


def _moment(name: str) -> Column[Any]:
    return Column(name, Moment)


def _words(name: str) -> Column[str]:
    return Column(name, Words, nullable=False, default="")


run = Table(
    "syncline_run",
    metadata,
    _tenant(),
    Column("id", String(36), primary_key=True),
    Column("connection", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("result", Text),
    Column("request", JSON, nullable=False),
    Column("infos", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    _moment("started_at"),
    _moment("ended_at"),
    _moment("deleted_at"),
    Column("runner", Text, nullable=False),
    Column("create_by_user_id", Text),
    Column("flow_run", Text),
    Column("fence", BigInteger, nullable=False),
    Column("sealed", Text),
    Index("syncline_run_created", "tenant", "created_at"),
    Index("syncline_run_connection_created", "tenant", "connection", "created_at"),
    Index("syncline_run_status_created", "tenant", "status", "created_at"),
    Index("syncline_run_result_created", "tenant", "result", "created_at"),
    Index("syncline_run_type_created", "tenant", "type", "created_at"),
    Index("syncline_run_by_created", "tenant", "create_by_user_id", "created_at"),
    Index("syncline_run_fence", "tenant", "connection", "fence"),
)

model_run = Table(
    "syncline_model_run",
    metadata,
    _tenant(),
    Column("run", String(36), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    _moment("created_at"),
    Column("mode", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("result", Text),
    Column("step", Text, nullable=False),
    Column("steps", JSON, nullable=False, server_default="[]"),
    Column("counts", JSON, nullable=False),
    Column("plan", Text, nullable=False),
    Column("files", JSON, nullable=False),
    _words("error"),
    _moment("started_at"),
    _moment("ended_at"),
    ForeignKeyConstraint(
        ["tenant", "run"], ["syncline_run.tenant", "syncline_run.id"], "syncline_model_run_run", ondelete="CASCADE"
    ),
    Index("syncline_model_run_created", "tenant", "model", "created_at", "run"),
)

log = Table(
    "syncline_log",
    metadata,
    _tenant(),
    Column("run", String(36), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("model", Text, nullable=False),
    ForeignKeyConstraint(
        ["tenant", "run"], ["syncline_run.tenant", "syncline_run.id"], "syncline_log_run", ondelete="CASCADE"
    ),
)

head = Table(
    "syncline_head",
    metadata,
    _tenant(),
    Column("connection", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("data", JSON, nullable=False),
    Column("run", String(36), nullable=False),
    Column("updated_at", Moment, nullable=False),
)

lease = Table(
    "syncline_lease",
    metadata,
    _tenant(),
    Column("connection", Text, primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("run", String(36)),
    Column("owner", JSON, nullable=False),
    _moment("expires_at"),
)

entry = Table(
    "syncline_entry",
    metadata,
    _tenant(),
    Column("id", String(36), primary_key=True),
    Column("connection", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("kind", Text, nullable=False),
    _words("reason"),
    Column("count", BigInteger, nullable=False),
    Column("sample", JSON, nullable=False),
    Column("file", Text, nullable=False),
    Column("run", String(36), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    _moment("closed_at"),
    Index("syncline_entry_model", "tenant", "connection", "model", "closed_at"),
)
