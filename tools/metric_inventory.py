"""The metrics of the services, read from their registries."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from prometheus_client import CollectorRegistry
from quart import Quart

from bff_core.server import METRICS
from tools.settings_tables import settings_of

_SECRET = "only-to-construct-the-services-and-sign-nothing"  # noqa: S105 - no token is made or read
_ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": _SECRET,
    "HULEEDU_INTERNAL_API_KEY": _SECRET,
    "CONFIG_SERVICE_AUDIT_KEY": _SECRET,
    # Never connected. Some metrics exist only with Redis.
    "REDIS_URL": "redis://127.0.0.1:9/0",
}
PROCESSES = ("gateway", "bff_teacher", "bff_admin", "config_service")
"""The name of a service is that of its package, and the prefix of its metrics."""
TARGET_LABELS = frozenset({"job", "instance"})
UP = "up"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; the name of a counter ends in `_total`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    documentation: str
    service: str

    @property
    def series(self) -> Mapping[str, frozenset[str]]:
        """The time series of the metric, with their labels."""
        labels = frozenset(self.labels)
        if self.kind != "histogram":
            return {self.name: labels}
        return {
            f"{self.name}_bucket": labels | {"le"},
            f"{self.name}_sum": labels,
            f"{self.name}_count": labels,
        }


def all_metrics() -> list[Metric]:
    """The metrics of every service, by service and name."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **_ENVIRONMENT,
            "CONFIG_SERVICE_DATABASE_URL": f"sqlite:///{folder}/config.db",
            "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{folder}/ledger.db",
        }
        apps = {
            name: import_module(f"services.{name}.app").create_app(
                settings_of(name).load(environment)
            )
            for name in PROCESSES
        }
    return [metric for service, app in apps.items() for metric in _metrics_of(service, app)]


def known_series(metrics: list[Metric]) -> dict[str, frozenset[str]]:
    """Every series that a query may name, with the labels that a scrape adds."""
    known = {name: labels for metric in metrics for name, labels in metric.series.items()}
    return {name: labels | TARGET_LABELS for name, labels in (known | {UP: frozenset()}).items()}


def _metrics_of(service: str, app: Quart) -> list[Metric]:
    registry: CollectorRegistry = app.extensions[METRICS].registry
    # prometheus_client has no public way to the labels of a metric without samples.
    labels = {
        getattr(one, "_name", ""): tuple(getattr(one, "_labelnames", ()))
        for one in registry._collector_to_names  # noqa: SLF001
    }
    found = [
        Metric(
            f"{family.name}_total" if family.type == "counter" else family.name,
            family.type,
            labels.get(family.name, ()),
            family.documentation,
            service,
        )
        for family in registry.collect()
    ]
    return sorted(found, key=lambda metric: metric.name)
