"""Alembic's entry: runs inside the transaction that api/db/engine.py opened."""

from alembic import context

from api.db import (  # noqa: F401 - they enter their tables into the metadata
    batches_tables,
    envelopes_tables,
    groups_tables,
    mandates_tables,
    people_tables,
    remote_tables,
    webhooks_tables,
)
from api.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
