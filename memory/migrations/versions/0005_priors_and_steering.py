"""What people bring in: steering, documents of prior knowledge, numbers of principles."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exploration", sa.String(64)),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("file_hash", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forgotten_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_file_hash"), "imports", ["file_hash"], unique=False)
    op.create_table(
        "priors",
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["imports.id"], name=op.f("fk_priors_document")),
        sa.PrimaryKeyConstraint("document", "line", name=op.f("pk_priors")),
    )
    op.create_table(
        "prior_uses",
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("exploration", sa.String(64), nullable=False),
        sa.Column("from_block", sa.Integer(), nullable=False),
        sa.Column("from_batch", sa.Integer(), nullable=False),
        sa.Column("until_block", sa.Integer()),
        sa.Column("until_batch", sa.Integer()),
        sa.ForeignKeyConstraint(["document"], ["imports.id"], name=op.f("fk_prior_uses_document")),
        sa.ForeignKeyConstraint(
            ["exploration"], ["explorations.name"], name=op.f("fk_prior_uses_exploration")
        ),
        sa.PrimaryKeyConstraint("document", "exploration", name=op.f("pk_prior_uses")),
    )
    op.create_table(
        "principles",
        sa.Column("exploration", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("since_block", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exploration"], ["explorations.name"], name=op.f("fk_principles_exploration")
        ),
        sa.PrimaryKeyConstraint("exploration", "number", name=op.f("pk_principles")),
    )
    op.create_table(
        "steering",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exploration", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_block", sa.Integer()),
        sa.Column("from_batch", sa.Integer()),
        sa.Column("lifted_at", sa.DateTime(timezone=True)),
        sa.Column("until_block", sa.Integer()),
        sa.Column("until_batch", sa.Integer()),
        sa.ForeignKeyConstraint(["exploration"], ["explorations.name"], name=op.f("fk_steering_exploration")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steering")),
        sa.UniqueConstraint("exploration", "number", name=op.f("uq_steering_exploration_number")),
    )
