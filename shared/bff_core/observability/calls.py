"""Downstream calls of one request, for the log at debug level."""

from contextvars import ContextVar

import msgspec

NOT_FOUND = "not_found"
"""The outcome of a call that a service answered with a 404 of its own, which is no failure of it."""


class CallNote(msgspec.Struct, frozen=True, gc=False):
    """One call; `started` is on the performance counter, `took` in seconds."""

    service: str
    operation: str
    outcome: str
    started: float
    took: float

    def since(self, request_started: float) -> dict[str, object]:
        """As a log line holds it: milliseconds, counted from the start of the request."""
        return {
            "call": f"{self.service}.{self.operation}",
            "at_ms": round((self.started - request_started) * 1000, 1),
            "took_ms": round(self.took * 1000, 1),
            "outcome": self.outcome,
        }


CALL_LOG: ContextVar[list[CallNote] | None] = ContextVar("call_notes", default=None)
"""Calls of the current request, in the order in which they end; None outside a request."""


def note_call(note: CallNote) -> None:
    notes = CALL_LOG.get()
    if notes is not None:
        notes.append(note)
