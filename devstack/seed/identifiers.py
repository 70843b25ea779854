"""Identifiers and dates that are the same in every run."""

import os
from datetime import UTC, datetime
from uuid import UUID, uuid5

_NAMESPACE = UUID("5d1c7c3e-8d0e-5a43-9a0f-2f6f1f1c9b10")

# The date from which every seeded timestamp is counted back: naive UTC, as in the platform's columns.
# Processes that must agree on the data set the variable; otherwise it is the present minute.
_GIVEN = os.environ.get("DEVSTACK_BASE_DATE")
BASE_DATE = (
    datetime.fromisoformat(_GIVEN).replace(tzinfo=None)
    if _GIVEN
    else datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
)


def fixed_id(name: str) -> str:
    """The UUID of a name, in canonical text form."""
    return str(uuid5(_NAMESPACE, name))


def storage_id(name: str) -> str:
    """The id of a stored text: 32 lower-case hex characters, as Content writes it."""
    return uuid5(_NAMESPACE, f"storage/{name}").hex
