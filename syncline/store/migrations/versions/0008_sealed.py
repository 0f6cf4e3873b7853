"""What is secret in the request of a run that waits."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    with op.batch_alter_table("syncline_run") as table:
        table.add_column(sa.Column("sealed", sa.Text()))
