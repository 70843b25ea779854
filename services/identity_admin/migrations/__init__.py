"""Alembic revisions with their own root and version table."""
