"""Retractions: which runs are void by which of them; and what an exploration's last launch stood on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Creates the tables; runs that were there before are not void."""
    op.create_table(
        "retractions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exploration", sa.String(64), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["exploration"], ["explorations.name"], name=op.f("fk_retractions_exploration")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retractions")),
    )
    op.create_table(
        "void_runs",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("retraction", sa.Integer(), nullable=False),
        sa.Column("ancestor", sa.Integer()),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_void_runs_run")),
        sa.ForeignKeyConstraint(["retraction"], ["retractions.id"], name=op.f("fk_void_runs_retraction")),
        sa.ForeignKeyConstraint(["ancestor"], ["runs.id"], name=op.f("fk_void_runs_ancestor")),
        sa.PrimaryKeyConstraint("run", "retraction", name=op.f("pk_void_runs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "due_memories",
        sa.Column("exploration", sa.String(64), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exploration"], ["explorations.name"], name=op.f("fk_due_memories_exploration")
        ),
        sa.PrimaryKeyConstraint("exploration", name=op.f("pk_due_memories")),
    )
    op.add_column("explorations", sa.Column("foundation", sa.String()))
