"""Figures of the consumer as a scrape shows them."""

import re

from bff_core.observability import Metrics
from bff_core.testing import FakeClock
from services.bff_teacher.events.status import EventsStatus


def shown(metrics: Metrics, name: str) -> str:
    found = re.search(rf"^bff_teacher_{name} (\S+)$", metrics.render().decode(), re.MULTILINE)
    assert found is not None
    return found[1]


def test_lag_and_rejects_are_no_numbers_until_they_are_known() -> None:
    metrics = Metrics("bff_teacher")
    status = EventsStatus(metrics, FakeClock())
    unknown = [shown(metrics, name) for name in ("events_lag", "events_rejected")]

    status.lag, status.rejects = 0, 3
    known = [shown(metrics, name) for name in ("events_lag", "events_rejected")]

    assert (unknown, known) == (["NaN", "NaN"], ["0.0", "3.0"])
