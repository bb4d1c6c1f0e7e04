"""Alembic's entry: runs inside the transaction that api/db/engine.py opened."""

from alembic import context

from api.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
