"""Identifiers and dates that are the same in every run."""

import os
from datetime import datetime
from uuid import UUID, uuid5

_NAMESPACE = UUID("5d1c7c3e-8d0e-5a43-9a0f-2f6f1f1c9b10")

# The date from which every seeded timestamp is counted back: naive UTC, as in the platform's columns.
BASE_DATE = datetime.fromisoformat(
    os.environ.get("DEVSTACK_BASE_DATE", "2025-11-14T12:00:00")
).replace(tzinfo=None)


def fixed_id(name: str) -> str:
    """The UUID of a name, in canonical text form."""
    return str(uuid5(_NAMESPACE, name))


def storage_id(name: str) -> str:
    """The id of a stored text: 32 lower-case hex characters, as Content writes it."""
    return uuid5(_NAMESPACE, f"storage/{name}").hex
