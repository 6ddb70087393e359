"""What alembic runs to bring a database up to date, over the connection that it is given."""

from alembic import context

from envprint.registry.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
