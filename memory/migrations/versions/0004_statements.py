"""The history of statements: what was held after each block."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Creates the table; it is filled when the working memory is next written."""
    op.create_table(
        "statements",
        sa.Column("exploration", sa.String(64), nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("effect", sa.Float(53)),
        sa.Column("low", sa.Float(53)),
        sa.Column("high", sa.Float(53)),
        sa.Column("q", sa.Float(53)),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("networks", sa.Integer(), nullable=False),
        sa.Column("since", sa.Integer()),
        sa.Column("superseded_by", sa.String()),
        sa.Column("statement", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exploration"], ["explorations.name"], name=op.f("fk_statements_exploration_explorations")
        ),
        sa.PrimaryKeyConstraint("exploration", "block", "key", name=op.f("pk_statements")),
    )
