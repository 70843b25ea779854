"""Spans of what a process serves and asks; nothing at all unless OpenTelemetry is asked for."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, Self

import structlog

RawHeaders = Iterable[tuple[bytes, bytes]]

SPOKEN = "http/protobuf"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

log = structlog.get_logger()


class Span(Protocol):
    """A request that is served or an attempt at a call; no id, path, name or header is in it."""

    trace_id: str | None

    def served(self, method: str, route: str, status: int) -> None: ...

    def came_to(self, outcome: str) -> None: ...


class Tracing(Protocol):
    """What makes spans."""

    def serving(self, headers: RawHeaders, /) -> AbstractContextManager[Span]: ...

    def asking(
        self, service: str, operation: str, method: str, attempt: int = 1, /
    ) -> AbstractContextManager[Span]: ...

    def headers(self) -> Mapping[str, str]:
        """What carries the trace on to the next service; empty when nothing is traced."""
        ...


class Untraced:
    """Both when nothing is traced: one object, so that it costs nothing."""

    trace_id: str | None = None

    def serving(self, *_: object) -> Self:
        return self

    def asking(self, *_: object) -> Self:
        return self

    def headers(self) -> Mapping[str, str]:
        return _NO_HEADERS

    def served(self, method: str, route: str, status: int) -> None: ...

    def came_to(self, outcome: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


UNTRACED = Untraced()


class _Process:
    """Tracing is the process's own, as its log is."""

    tracing: Tracing = UNTRACED


def tracing() -> Tracing:
    return _Process.tracing


def trace_with(one: Tracing) -> None:
    """From now on, spans are made by this one."""
    _Process.tracing = one


def configure_tracing(environ: Mapping[str, str], *, service: str, environment: str) -> None:
    """Send spans where OpenTelemetry's own variables say; without them, or the extra, none.

    A trace that cannot be sent is no reason not to serve: what keeps it from being sent is a line
    in the log.
    """
    if not _is_wanted(environ):
        return
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), SPOKEN)
    if protocol != SPOKEN:
        log.warning("tracing_not_started", reason="protocol", wanted=protocol, spoken=SPOKEN)
        return
    try:
        otel = import_module("bff_core.observability.otel")
    except ImportError:
        log.warning("tracing_not_started", reason="extra", missing="huleedu-bff[otel]")
        return
    trace_with(otel.exporting(service, environment))
    log.info("tracing_started")


def _is_wanted(environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER")
    if exporter:
        return exporter == "otlp"
    return any(environ.get(name) for name in _ENDPOINTS)
