"""Alembic environment; it uses the connection of the migrator."""

from alembic import context

from services.identity_admin.implementations.migrator import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table=VERSION_TABLE,
    # Commits each revision before the next, so that a long one holds no locks of a short one.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
