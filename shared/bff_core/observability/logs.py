"""Structured logs: an event name plus fields, one line each, on standard output.

The console's lines are short: the time of day, the level, the event, and the fields that a person
reads. The JSON lines have all of them.
"""

import logging
import sys
from contextlib import suppress
from typing import IO, Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SHORT_IDS = {"user_id": "user", "correlation_id": "id"}
_ID_LENGTH = 8
_TRACEBACK = structlog.dev.plain_traceback
"""The default shows local variables, among them tokens."""
_ENCODER = msgspec.json.Encoder(enc_hook=str)


class LossyStream:
    """Passes lines on, and loses those that a full disk or a reader that has gone does not take.

    A line is written at the end of each request, which must not fail by it.
    """

    def __init__(self, stream: IO[Any]) -> None:
        self._stream = stream

    def write(self, line: Any) -> None:
        with suppress(OSError):
            self._stream.write(line)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure_logs(
    *, service: str, environment: str, level: str = "INFO", as_json: bool = True
) -> None:
    """Set up structlog and send the standard library's loggers through it."""

    def add_origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {**event, "service.name": service, "deployment.environment": environment}

    first = structlog.contextvars.merge_contextvars
    processors: list[Processor] = [first, structlog.processors.add_log_level]
    factory: Any
    # As if a file: structlog uses these two methods only.
    lossy: Any = LossyStream(sys.stdout.buffer if as_json else sys.stdout)
    if as_json:
        processors += [
            structlog.processors.TimeStamper(fmt="iso"),
            add_origin,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(_to_json),
        ]
        factory = structlog.BytesLoggerFactory(lossy)
    else:
        processors += [
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            _shorten,
            structlog.dev.ConsoleRenderer(
                colors=sys.stdout.isatty(), pad_event_to=0, exception_formatter=_TRACEBACK
            ),
        ]
        factory = structlog.PrintLoggerFactory(lossy)
    threshold = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [StructlogHandler()]
    root.setLevel(max(threshold, logging.WARNING))


def _shorten(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Write a request as one phrase, and of ids only the beginning, which still finds a line."""
    if event["event"] == "request":
        words = (event.pop(name) for name in ("method", "route", "status"))
        event["event"] = " ".join(map(str, words)) + f" {event.pop('duration_ms'):.0f} ms"
    event.pop("trace_id", None)
    for name, short in _SHORT_IDS.items():
        value = event.pop(name, None)
        if value is not None:
            event[short] = str(value)[:_ID_LENGTH]
    return event


def _to_json(event: EventDict, **_: Any) -> bytes:
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:
        # Bytes that are no UTF-8 arrive as lone surrogates.
        text = {name: str(value).encode(errors="replace").decode() for name, value in event.items()}
        return _ENCODER.encode(text)


class StructlogHandler(logging.Handler):
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
