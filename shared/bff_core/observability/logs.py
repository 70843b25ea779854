"""Structured logs: an event name plus fields, one line each, on standard output."""

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_ENCODER = msgspec.json.Encoder(enc_hook=str)


NAMES: ContextVar[Mapping[str, str]] = ContextVar("names", default=MappingProxyType({}))
"""What every line says of the request that it is about. The library's own way takes a variable for
each name, and looks through all there are at each line."""


def configure_logs(
    *, service: str, environment: str, level: str = "INFO", as_json: bool = True
) -> None:
    """Set up structlog and send the standard library's loggers through it."""
    chain: list[Processor] = [
        _with_names,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _naming(service, environment),
        structlog.processors.format_exc_info,
    ]
    threshold = logging.getLevelNamesMapping()[level]
    if as_json:
        last: Processor = structlog.processors.JSONRenderer(serializer=_to_bytes)
        factory: Any = structlog.BytesLoggerFactory(sys.stdout.buffer)
    else:
        last = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
        factory = structlog.PrintLoggerFactory(sys.stdout)
    structlog.configure(
        processors=[*chain, last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    _adopt_standard_logs(threshold)


def _to_bytes(event: Any, **_: Any) -> bytes:
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:
        # Bytes that are no UTF-8 reach us as lone surrogates; ASCII can spell them.
        return json.dumps(event, default=str).encode()


def _with_names(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {**NAMES.get(), **event}


def _naming(service: str, environment: str) -> Processor:
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service.name"] = service
        event["deployment.environment"] = environment
        return event

    return add


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
