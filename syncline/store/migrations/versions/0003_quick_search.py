"""Runs are found by a model or a result, however many there are: a model's part bears when its run was created."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("syncline_run_result_created", "syncline_run", ["tenant", "result", "created_at"])
    op.add_column("syncline_model_run", sa.Column("created_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE syncline_model_run SET created_at = (SELECT created_at FROM syncline_run"
        " WHERE syncline_run.tenant = syncline_model_run.tenant AND syncline_run.id = syncline_model_run.run)"
    )
    op.create_index("syncline_model_run_created", "syncline_model_run", ["tenant", "model", "created_at", "run"])
