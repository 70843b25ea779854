"""A client runtime without Redis."""

from bff_core.client import ClientRuntime
from bff_core.clock import Clock, SystemClock
from bff_core.observability import Metrics


def a_client_runtime(metrics: Metrics | None = None, clock: Clock | None = None) -> ClientRuntime:
    """A runtime with a cache and metrics of its own."""
    return ClientRuntime(metrics or Metrics("example"), clock or SystemClock())
