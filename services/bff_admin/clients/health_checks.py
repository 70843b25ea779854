"""Checks the `/healthz` of every service concurrently, without circuit breakers."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from bff_core.client import document_at
from bff_core.clock import Clock
from bff_core.composition import fan_out
from bff_core.context import RequestContext
from bff_core.errors import DownstreamError, DownstreamFailed, DownstreamTimeout
from services.bff_admin.contracts import EventsReport, HealthReport
from services.bff_admin.ports import ServiceHealth

_HEALTHY = frozenset({"healthy", "ok"})
_MAX_VERSION_LENGTH = 50
_DECODER = msgspec.json.Decoder(HealthReport)


class HttpHealthChecks:
    """`services` are base URLs by name; `timeout` is in seconds for each check."""

    def __init__(self, services: Mapping[str, str], clock: Clock, *, timeout: float) -> None:
        self._services = dict(sorted(services.items()))
        self._clock = clock
        self._timeout = timeout

    async def all(self, ctx: RequestContext) -> Sequence[ServiceHealth]:
        seconds = min(self._timeout, ctx.deadline.left())
        async with fan_out() as group:
            checks = [
                group.create_task(self._check(name, url, seconds))
                for name, url in self._services.items()
            ]
        return [check.result() for check in checks]

    async def _check(self, name: str, url: str, seconds: float) -> ServiceHealth:
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(seconds):
                body = await document_at(f"{url}/healthz", name=name)()
        except DownstreamFailed as error:
            latency = self._clock.monotonic() - started
            return ServiceHealth(name, "unhealthy", latency, code=error.code)
        except DownstreamError as error:
            return ServiceHealth(name, "unreachable", code=error.code)
        except TimeoutError:
            return ServiceHealth(name, "unreachable", code=DownstreamTimeout.code)
        latency = self._clock.monotonic() - started
        try:
            report = _DECODER.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ServiceHealth(name, "unhealthy", latency, code=DownstreamFailed.code)
        version = report.version[:_MAX_VERSION_LENGTH] if report.version else None
        dependencies = report.dependencies if isinstance(report.dependencies, dict) else {}
        is_healthy = report.status in _HEALTHY
        return ServiceHealth(
            name,
            "healthy" if is_healthy else "unhealthy",
            latency,
            version,
            None if is_healthy else DownstreamFailed.code,
            _consumer_of(dependencies),
            reads_events="events" in dependencies,
        )


def _consumer_of(dependencies: Mapping[object, object]) -> EventsReport | None:
    """The state of the consumer; None where the report has none, or one of another shape."""
    try:
        return msgspec.convert(dependencies.get("events"), EventsReport)
    except msgspec.ValidationError:
        return None
