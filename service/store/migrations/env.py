"""Alembic runs this file for every migration; the connection is handed in."""

from alembic import context

from service.store.migrate import COMPARED

# The caller has opened the transaction and holds the lock; it commits, not Alembic.
context.configure(connection=context.config.attributes["connection"], **COMPARED)
with context.begin_transaction():
    context.run_migrations()
