"""Alembic environment: runs the migrations in the transaction that `migrate` has begun."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.get_main_option("version_table"),
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
