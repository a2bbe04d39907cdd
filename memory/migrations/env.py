"""Runs migrations on the connection that `memory.database` hands over; there is no alembic.ini.

A new migration is a file in `versions` whose name begins with its revision (`0002_what_it_does.py`);
`memory.file.REVISION` names the newest.
"""

from alembic import context

from memory.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
