"""Structured logs: an event name plus fields, one line each, on standard output."""

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_ENCODER = msgspec.json.Encoder(enc_hook=str)
_LEVELS = {"warn": "warning", "exception": "error"}
"""Methods that are named otherwise than their level."""


LOG_CONTEXT: ContextVar[Mapping[str, str]] = ContextVar("names", default=MappingProxyType({}))
"""What every line says of the request that it is about. The library's own way takes a variable for
each name, and looks through all there are at each line."""


def configure_logs(
    *, service: str, environment: str, level: str = "INFO", as_json: bool = True
) -> None:
    """Set up structlog and send the standard library's loggers through it."""
    complete = _completing(service, environment)
    threshold = logging.getLevelNamesMapping()[level]
    if as_json:
        chain: list[Processor] = [complete, _to_line]
        factory: Any = structlog.BytesLoggerFactory(sys.stdout.buffer)
    else:
        chain = [complete, structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())]
        factory = structlog.PrintLoggerFactory(sys.stdout)
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    _adopt_standard_logs(threshold)


def _to_line(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:
        # Bytes that are no UTF-8 reach us as lone surrogates; ASCII can spell them.
        return json.dumps(event, default=str).encode()


def _completing(service: str, environment: str) -> Processor:
    """What the library has a step for each, in one: there is a line for each request."""

    def complete(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        line = {**LOG_CONTEXT.get(), **event}
        line["level"] = _LEVELS.get(method, method)
        line["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line["service.name"] = service
        line["deployment.environment"] = environment
        failed = "exc_info" in line
        return structlog.processors.format_exc_info(logger, method, line) if failed else line

    return complete


class _Adopted(logging.Handler):
    """Passes a standard log record on as a structured line."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger("stdlib")
        log.log(
            record.levelno,
            "library_log",
            logger=record.name,
            text=record.getMessage(),
            exc_info=record.exc_info,
        )


def _adopt_standard_logs(threshold: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Adopted()]
    root.setLevel(max(threshold, logging.WARNING))
