"""The registry's tables as they came to be, for alembic."""
