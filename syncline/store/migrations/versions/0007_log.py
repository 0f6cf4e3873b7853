"""What is said while a run goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "syncline_log",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "run"], ["syncline_run.tenant", "syncline_run.id"], "syncline_log_run", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant", "run", "number"),
    )
