"""Alembic migrations, applied at start or by the command `migrate`."""

from services.config_service.migrations.runner import migrate

__all__ = ["migrate"]
