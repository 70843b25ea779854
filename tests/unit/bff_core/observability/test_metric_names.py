"""What a scrape finds: fixed names, labels of bounded variety."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from bff_core.observability import Metrics

DOCUMENTED = {
    "example_ready": set(),
    "example_failures": {"code", "reason"},
    "example_jwks_reads": {"outcome"},
    "example_http_requests": {"method", "route", "status"},
    "example_http_request_duration_seconds": {"method", "route"},
    "example_http_requests_in_flight": set(),
    "example_http_requests_shed": set(),
    "example_http_requests_over_share": set(),
    "example_idle_connections_closed": set(),
    "example_screen_parts": {"screen", "part", "status"},
    "example_downstream_calls": {"service", "operation", "outcome"},
    "example_downstream_call_duration_seconds": {"service", "operation"},
    "example_downstream_salvaged": {"service", "operation"},
    "example_downstream_cache": {"service", "operation", "result"},
    "example_downstream_retries": {"service", "operation", "reason"},
    "example_downstream_refusals": {"service", "operation", "by"},
    "example_circuit_breaker_state": {"service", "operation"},
    "example_circuit_breaker_transitions": {"service", "operation", "before", "after"},
    "example_shared_cache_failures": {"operation"},
    "example_asyncio_tasks": set(),
    "example_event_loop_lag_seconds": set(),
}
OF_THE_PROCESS = {"process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds"}


@pytest.fixture
def registry() -> CollectorRegistry:
    return Metrics("example").registry


def test_every_metric_is_documented_with_its_labels(registry: CollectorRegistry) -> None:
    found = {
        collector._name: set(collector._labelnames)
        for collector in registry._collector_to_names
        if isinstance(collector, MetricWrapperBase)
    }

    assert found == DOCUMENTED


def test_no_label_names_a_person_or_a_request(registry: CollectorRegistry) -> None:
    labels = set().union(*DOCUMENTED.values())

    assert not {label for label in labels if "user" in label or "id" in label or "path" in label}


def test_the_process_tells_of_itself(registry: CollectorRegistry) -> None:
    assert {family.name for family in registry.collect()} >= OF_THE_PROCESS


async def test_tasks_are_those_of_the_loop(registry: CollectorRegistry) -> None:
    assert registry.get_sample_value("example_asyncio_tasks") == 1


def test_outside_of_a_loop_there_are_no_tasks(registry: CollectorRegistry) -> None:
    assert registry.get_sample_value("example_asyncio_tasks") == 0


def test_every_metric_is_on_the_operator_s_page() -> None:
    page = (Path(__file__).parents[4] / "docs" / "resilience.md").read_text()
    names = {name.removeprefix("example_") for name in DOCUMENTED}

    assert not {name for name in names if f"`{name}`" not in page and f"`{name}_total`" not in page}
