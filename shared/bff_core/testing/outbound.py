"""What downstream calls share, without Redis."""

from bff_core.cache import MemoryCache
from bff_core.clock import Clock, SystemClock
from bff_core.http import Kept, Outbound
from bff_core.observability import Metrics


def an_outbound(metrics: Metrics | None = None, clock: Clock | None = None) -> Outbound:
    """Memory and counters of its own."""
    memory = MemoryCache[Kept]()
    return Outbound(metrics or Metrics("example"), clock or SystemClock(), memory)
