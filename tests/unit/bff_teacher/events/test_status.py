"""Figures of the consumer as a scrape shows them."""

import re

from bff_core.observability import Metrics
from bff_core.testing import SECRET, FakeClock
from services.bff_teacher.config import Settings
from services.bff_teacher.di.events import events_status
from services.bff_teacher.events.status import EventsStatus
from services.bff_teacher.events.topics import CONTRACTS

READS_EVENTS = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
}


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


def test_rejects_of_each_topic_are_counted_from_zero() -> None:
    """A counter that appears with its first reject does not increase for Prometheus."""
    metrics = Metrics("bff_teacher")

    events_status(Settings.load(READS_EVENTS), metrics, FakeClock())

    lines = metrics.render().decode().splitlines()
    total = "bff_teacher_events_consumed_total"
    zeros = [f'{total}{{outcome="rejected",topic="{topic}"}} 0.0' for topic in CONTRACTS]
    assert [zero for zero in zeros if zero not in lines] == []
