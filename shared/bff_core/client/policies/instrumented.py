"""Every attempt is counted, timed and a span; every failure is one line in the log."""

import asyncio
import time

import structlog

from bff_core.client.call import Call, DownstreamResponse, Policy, Send
from bff_core.errors import DownstreamError
from bff_core.observability import CallNote, Metrics, Span, note_call, tracing

AT_ONCE = 0.001
"""Seconds within which a moment counts as the deadline's."""

log = structlog.get_logger()


def instrumented(metrics: Metrics) -> Policy:
    """Note how each attempt inside ends. Stands outside the attempt's timeout, to see it too."""

    def policy(send: Send) -> Send:
        async def observed(call: Call) -> DownstreamResponse:
            trace = tracing()
            with trace.asking(call.service, call.operation, call.method, call.attempt) as span:
                return await noted(call, span)

        async def noted(call: Call, span: Span) -> DownstreamResponse:
            outcome = "ok"
            started = time.perf_counter()
            try:
                return await send(call)
            except asyncio.CancelledError:
                # A timer further out may be faster than the attempt's own.
                outcome = "timeout" if call.deadline.left() <= AT_ONCE else "cancelled"
                raise
            except DownstreamError as error:
                outcome = error.code.lower()
                _log(call, error)
                raise
            finally:
                elapsed = time.perf_counter() - started
                span.came_to(outcome)
                metrics.observe_call(call.service, call.operation, outcome, elapsed)
                note_call(CallNote(call.service, call.operation, outcome, started, elapsed))

        return observed

    return policy


def _log(call: Call, error: DownstreamError) -> None:
    log.warning(
        "downstream_failed",
        service=call.service,
        operation=call.operation,
        code=error.code,
        **error.fields,
    )
