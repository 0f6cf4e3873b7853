"""How Alembic runs our migrations: within the transaction it is given, with a version table of its own (R37)."""

from alembic import context

from syncline.store.migration import VERSION_TABLE
from syncline.store.pushed_tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
