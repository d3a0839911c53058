"""What Alembic runs before the revisions. The connection, inside a transaction, comes from `headrace.store.migrate`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="hr_version")
context.run_migrations()
