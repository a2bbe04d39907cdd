"""Certificates of non-interference; runs of older stores have none, and are no evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the table, and lets runs point to it."""
    op.create_table(
        "certificates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("data_hash", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("difference", sa.JSON()),
        sa.Column("composition", sa.JSON(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("seconds", sa.Float(53), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    op.create_index(
        op.f("ix_certificates_strategy_version"), "certificates", ["strategy", "version"], unique=False
    )
    # The view is made anew when the store is opened; while it stands, its table cannot be changed.
    op.execute("DROP VIEW IF EXISTS runs_wide")
    op.add_column("runs", sa.Column("certificates", sa.JSON()))
    op.add_column("runs", sa.Column("certified", sa.Boolean(), nullable=False, server_default=sa.false()))
