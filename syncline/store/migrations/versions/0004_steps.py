"""The steps of each model of a run with their times; indexes for what the page of all runs asks."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INDEXES = {
    "syncline_run_type_created": ["tenant", "type", "created_at"],
    "syncline_run_by_created": ["tenant", "create_by_user_id", "created_at"],
    "syncline_run_fence": ["tenant", "connection", "fence"],
}


def upgrade() -> None:
    with op.batch_alter_table("syncline_model_run") as table:
        table.add_column(sa.Column("steps", sa.JSON(), nullable=False, server_default="[]"))
    for name, columns in INDEXES.items():
        op.create_index(name, "syncline_run", columns)
