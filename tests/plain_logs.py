"""The logs of a test run: structlog's own configuration, with tracebacks as Python writes them."""

import structlog


def configure() -> None:
    """Configure structlog anew; Rich's tracebacks take up to a second each, with all variables."""
    structlog.reset_defaults()
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, plain])
