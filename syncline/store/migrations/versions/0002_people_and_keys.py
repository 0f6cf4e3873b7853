"""Who may do what: users, keys, sessions, links, attempts to log in, and the audit log."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "syncline_user",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text()),
        moment("created_at", nullable=False),
        moment("disabled_at"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("syncline_user_email", "syncline_user", ["email"], unique=True)
    op.create_table(
        "syncline_key",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        moment("created_at", nullable=False),
        moment("expires_at"),
        moment("last_used_at"),
        moment("revoked_at"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("syncline_key_hash", "syncline_key", ["hash"], unique=True)
    op.create_table(
        "syncline_session",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=36), nullable=False),
        moment("created_at", nullable=False),
        moment("seen_at", nullable=False),
        moment("expires_at", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash"),
    )
    op.create_index("syncline_session_hash", "syncline_session", ["hash"], unique=True)
    op.create_table(
        "syncline_link",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=36)),
        moment("expires_at", nullable=False),
        moment("used_at"),
        sa.PrimaryKeyConstraint("tenant", "hash"),
    )
    op.create_index("syncline_link_hash", "syncline_link", ["hash"], unique=True)
    op.create_table(
        "syncline_attempt",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        moment("since", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject"),
    )
    op.create_table(
        "syncline_audit",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        moment("at", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("syncline_audit_at", "syncline_audit", ["tenant", "at"])
    op.create_index("syncline_run_status_created", "syncline_run", ["tenant", "status", "created_at"])
