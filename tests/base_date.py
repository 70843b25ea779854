"""One date of the demo data for the whole run, for its workers and the processes that they start."""

import os
from datetime import UTC, datetime

os.environ.setdefault("DEVSTACK_BASE_DATE", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:00}")
