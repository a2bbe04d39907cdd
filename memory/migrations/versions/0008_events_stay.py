"""Events cannot be deleted, so that SQLite need not keep a record of the highest id that was ever used.

That record is a page of the file, and was written anew with every event.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Makes the table anew, with the events that it holds under their ids."""
    op.drop_index(op.f("ix_events_exploration"), "events")
    op.rename_table("events", "events_before")
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exploration", sa.String()),
        sa.Column("run", sa.Integer()),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    columns = "id, at, exploration, run, what, detail"
    op.execute(f"INSERT INTO events ({columns}) SELECT {columns} FROM events_before ORDER BY id")
    op.drop_table("events_before")
    op.create_index(op.f("ix_events_exploration"), "events", ["exploration"], unique=False)
    op.execute(
        "CREATE TRIGGER events_stay BEFORE DELETE ON events "
        "BEGIN SELECT RAISE(ABORT, 'an event must stay: its id would be used again'); END"
    )
