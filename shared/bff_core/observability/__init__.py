"""What operators see: structured logs and Prometheus metrics."""

from bff_core.observability.logs import configure_logs
from bff_core.observability.metrics import Metrics

__all__ = ["Metrics", "configure_logs"]
