"""Runs say how far they were trained, what they had reached on the way, and why they were stopped early."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the columns; of the runs so far nothing of it was recorded."""
    op.add_column("runs", sa.Column("trained_steps", sa.Integer()))
    op.add_column("runs", sa.Column("planned_steps", sa.Integer()))
    op.add_column("runs", sa.Column("curve", sa.JSON()))
    op.add_column("runs", sa.Column("stopped", sa.String()))
