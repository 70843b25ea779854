"""Metrics of the process itself: memory, file descriptors, CPU, tasks."""

import asyncio

from prometheus_client import CollectorRegistry, ProcessCollector

from bff_core.observability.labelled import MetricMaker


def watch_runtime(make: MetricMaker, registry: CollectorRegistry) -> None:
    """The client library's `process_*` metrics, and a gauge of the event loop's tasks."""
    ProcessCollector(registry=registry)
    tasks = make.gauge("asyncio_tasks", "Tasks of the event loop, the scrape's own included.")
    tasks.set_function(_tasks)


def _tasks() -> float:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        # Rendered outside of a loop, where there are none.
        return 0
