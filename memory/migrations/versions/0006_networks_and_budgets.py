"""Runs say on which network they were; a blind exploration says when its truth was opened."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the columns; all runs so far were on the exploration's own network."""
    op.add_column("runs", sa.Column("network", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("explorations", sa.Column("closed_at", sa.DateTime(timezone=True)))
