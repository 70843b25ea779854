"""How Alembic runs the steps: on the connection that the migrator hands over."""

from alembic import context

from services.identity_admin.implementations.migrator import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table=VERSION_TABLE,
    # Each step is committed before the next, so that a long one holds no lock of a short one.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
