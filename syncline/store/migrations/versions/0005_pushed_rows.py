"""What others push to us, how far its changes are counted, and requests that must count once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    guid = sa.String(length=36).with_variant(sa.String(length=36, collation="C"), "postgresql")
    op.create_table(
        "syncline_pushed",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("guid", guid, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=32)),
        sa.Column("text", sa.Text()),
        sa.PrimaryKeyConstraint("tenant", "model", "guid"),
    )
    op.create_index("syncline_pushed_sequence", "syncline_pushed", ["tenant", "sequence", "model"], unique=True)
    gone = sa.text("text IS NULL")
    op.create_index(
        "syncline_pushed_gone",
        "syncline_pushed",
        ["tenant", "model", "sequence"],
        sqlite_where=gone,
        postgresql_where=gone,
    )
    op.create_table(
        "syncline_pushed_model",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("forgotten", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "model"),
    )
    op.create_table(
        "syncline_pushed_request",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key"),
    )
    op.create_index("syncline_pushed_request_created", "syncline_pushed_request", ["tenant", "created_at"])
