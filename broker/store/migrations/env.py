"""Runs the migrations on the connection that `broker.store.migrate` hands in."""

from alembic import context

from broker.store.models import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
)
with context.begin_transaction():
    context.run_migrations()
