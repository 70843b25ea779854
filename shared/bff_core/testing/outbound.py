"""What downstream calls share, without Redis."""

from bff_core.cache import MemoryCache
from bff_core.client import CacheEntry, ClientRuntime
from bff_core.clock import Clock, SystemClock
from bff_core.observability import Metrics


def an_outbound(metrics: Metrics | None = None, clock: Clock | None = None) -> ClientRuntime:
    """Memory and counters of its own."""
    memory = MemoryCache[CacheEntry]()
    return ClientRuntime(metrics or Metrics("example"), clock or SystemClock(), memory)
