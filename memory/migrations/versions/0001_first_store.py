"""The first store: explorations, data sets, foundations, blocks, runs, metrics, guard checks and events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "datasets",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("observations_hash", sa.String()),
        sa.Column("seal_hash", sa.String()),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_datasets")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exploration", sa.String()),
        sa.Column("run", sa.Integer()),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_exploration"), "events", ["exploration"], unique=False)
    op.create_table(
        "explorations",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("setpoint_version", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_explorations")),
    )
    op.create_table(
        "guard_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guard_checks")),
    )
    op.create_table(
        "wide_names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wide_names")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_wide_names_kind_name")),
    )
    op.create_table(
        "blocks",
        sa.Column("exploration", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["exploration"], ["explorations.name"], name=op.f("fk_blocks_exploration")),
        sa.PrimaryKeyConstraint("exploration", "number", name=op.f("pk_blocks")),
    )
    op.create_table(
        "foundations",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("fitted_hash", sa.String()),
        sa.Column("chosen", sa.String()),
        sa.Column("chosen_by_truth", sa.Boolean()),
        sa.Column("metrics", sa.JSON()),
        sa.Column("summary", sa.String()),
        sa.Column("failure", sa.String()),
        sa.Column("fit_s", sa.Float(53)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_foundations")),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exploration", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("parent", sa.Integer()),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("strategies", sa.String(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("foundation", sa.String(), nullable=False),
        sa.Column("guard_check", sa.Integer()),
        sa.Column("reused_from", sa.Integer()),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("failure_kind", sa.String(24)),
        sa.Column("failure_reason", sa.String()),
        sa.Column("trained_hash", sa.String()),
        sa.Column("train_s", sa.Float(53)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON()),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("trained_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["exploration", "block"],
            ["blocks.exploration", "blocks.number"],
            name=op.f("fk_runs_exploration_block"),
        ),
        sa.ForeignKeyConstraint(["exploration"], ["explorations.name"], name=op.f("fk_runs_exploration")),
        sa.ForeignKeyConstraint(["foundation"], ["foundations.key"], name=op.f("fk_runs_foundation")),
        sa.ForeignKeyConstraint(["guard_check"], ["guard_checks.id"], name=op.f("fk_runs_guard_check")),
        sa.ForeignKeyConstraint(["reused_from"], ["runs.id"], name=op.f("fk_runs_reused_from")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("exploration", "number", name=op.f("uq_runs_exploration_number")),
    )
    op.create_index(op.f("ix_runs_exploration_state"), "runs", ["exploration", "state"], unique=False)
    op.create_index(op.f("ix_runs_identity"), "runs", ["identity"], unique=False)
    op.create_table(
        "metrics",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("replicate", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_metrics_run")),
        sa.PrimaryKeyConstraint("run", "replicate", "name", name=op.f("pk_metrics")),
        sqlite_with_rowid=False,
    )
