"""Time limits of a call and of each attempt; metrics, a span and logs of the attempts."""

import asyncio
import logging
import time

import structlog
from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse, Policy, Send
from bff_core.errors import DownstreamError, DownstreamRefused, DownstreamTimeout
from bff_core.observability import NOT_FOUND, CallNote, Metrics, note_call, tracing

DEADLINE_TOLERANCE = 0.001
"""A cancellation within so many seconds of the deadline counts as a timeout."""

_log = structlog.get_logger()


def call_deadline(seconds: float) -> Policy:
    """Bring the call's deadline forward to `seconds` from now, if that is earlier.

    It sets no timer: whatever waits inside keeps the call's deadline itself and reports why it was
    missed.
    """

    def policy(send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            return await send(_due_within(seconds, call))

        return bounded

    return policy


def attempt_timeout(seconds: float) -> Policy:
    """Cancel an attempt after `seconds`, or at the call's deadline if that is earlier."""

    def policy(send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            call = _due_within(seconds, call)
            try:
                async with asyncio.timeout(call.deadline.left()):
                    return await send(call)
            except TimeoutError as error:
                raise DownstreamTimeout(call.service, reason="deadline") from error

        return bounded

    return policy


def _due_within(seconds: float, call: Call) -> Call:
    if call.deadline.passed:
        raise DownstreamTimeout(call.service, reason="no_time_left", sent=False)
    return replace(call, deadline=call.deadline.within(seconds))


def instrumented(metrics: Metrics) -> Policy:
    """Observe each attempt; it stands outside the attempt's timeout to see timeouts too."""

    def policy(send: Send) -> Send:
        async def observed(call: Call) -> DownstreamResponse:
            outcome = "ok"
            started = time.perf_counter()
            with tracing().client_span(
                call.service, call.operation, call.method, call.attempt
            ) as span:
                try:
                    return await send(call)
                except asyncio.CancelledError:
                    # The timer of an outer deadline may fire before the attempt's own.
                    late = call.deadline.left() <= DEADLINE_TOLERANCE
                    outcome = "timeout" if late else "cancelled"
                    raise
                except DownstreamError as error:
                    outcome = NOT_FOUND if _is_absence(call, error) else error.code.lower()
                    _log_failure(call, error)
                    raise
                finally:
                    elapsed = time.perf_counter() - started
                    span.set_outcome(outcome)
                    metrics.observe_call(call.service, call.operation, outcome, elapsed)
                    note_call(CallNote(call.service, call.operation, outcome, started, elapsed))

        return observed

    return policy


def _is_absence(call: Call, error: DownstreamError) -> bool:
    """True for a service's own 404; one in HTML is a router's, and a failure if it needs the route."""
    return (
        isinstance(error, DownstreamRefused)
        and error.upstream_status == 404
        and (error.spoke_json or call.route_optional)
    )


def _log_failure(call: Call, error: DownstreamError) -> None:
    _log.log(
        logging.DEBUG if _is_absence(call, error) else logging.WARNING,
        "downstream_failed",
        service=call.service,
        operation=call.operation,
        code=error.code,
        **error.fields,
    )
