"""The metrics that the services have, as the services themselves register them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from prometheus_client import CollectorRegistry
from quart import Quart

from bff_core.server import METRICS
from tools.settings_tables import settings_of

_SECRET = "nobody-signs-anything-with-this-secret"  # noqa: S105 - no token is made or read
_ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": _SECRET,
    "HULEEDU_INTERNAL_API_KEY": _SECRET,
    "CONFIG_SERVICE_AUDIT_KEY": _SECRET,
    # Never connected: with Redis there is more to count.
    "REDIS_URL": "redis://127.0.0.1:9/0",
}
PROCESSES = {
    "api_gateway": "gateway",
    "bff_teacher": "bff_teacher",
    "bff_admin": "bff_admin",
    "config_service": "config_service",
}
"""Prefix of the metrics, and package."""
OF_EVERY_TARGET = frozenset({"job", "instance"})
UP = "up"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `name` is as a counter is written, with `_total`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    says: str
    service: str

    @property
    def series(self) -> Mapping[str, frozenset[str]]:
        """The names under which Prometheus keeps it, and the labels of each."""
        labels = frozenset(self.labels)
        if self.kind != "histogram":
            return {self.name: labels}
        return {
            f"{self.name}_bucket": labels | {"le"},
            f"{self.name}_sum": labels,
            f"{self.name}_count": labels,
        }


def all_metrics() -> list[Metric]:
    """Of every process of ours, by service and name."""
    with tempfile.TemporaryDirectory() as folder:
        apps = _apps(Path(folder))
    return [metric for service, app in apps.items() for metric in _of(service, app)]


def known_series(metrics: list[Metric]) -> dict[str, frozenset[str]]:
    """Everything that a query may name, with the labels that a scrape adds."""
    known = {name: labels for metric in metrics for name, labels in metric.series.items()}
    return {name: labels | OF_EVERY_TARGET for name, labels in (known | {UP: frozenset()}).items()}


def _apps(folder: Path) -> dict[str, Quart]:
    given = {
        **_ENVIRONMENT,
        "CONFIG_SERVICE_DATABASE_URL": f"sqlite:///{folder}/config.db",
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{folder}/ledger.db",
    }
    return {prefix: _app_of(service, given) for prefix, service in PROCESSES.items()}


def _app_of(service: str, given: Mapping[str, str]) -> Quart:
    module = import_module(f"services.{service}.app")
    app: Quart = module.create_app(settings_of(service).load(given))
    return app


def _of(service: str, app: Quart) -> list[Metric]:
    registry: CollectorRegistry = app.extensions[METRICS].registry
    # The library offers no public way to the labels of a metric that has not been counted yet.
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
