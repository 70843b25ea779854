"""The one date that every seeded timestamp is counted back from."""

import os
from datetime import datetime

VARIABLE = "DEVSTACK_BASE_DATE"
DEFAULT = "2025-11-14T12:00:00"


def _base_date() -> datetime:
    """Naive and meant as UTC, as the platform's own columns are."""
    moment = datetime.fromisoformat(os.environ.get(VARIABLE, DEFAULT))
    return moment.replace(tzinfo=None)


BASE_DATE = _base_date()
