"""The context of a request: its user, its deadline, its ids."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NewType

import msgspec

from bff_core.clock import Clock

UserId = NewType("UserId", str)
OrgId = NewType("OrgId", str)
ServiceId = NewType("ServiceId", str)
Role = NewType("Role", str)
CorrelationId = NewType("CorrelationId", str)

TEACHER = Role("teacher")
ADMIN = Role("admin")

USER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids that are safe in a path, a header and a key."""


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """A moment on the monotonic clock by which work must have ended.

    A struct, because each call makes several: a frozen dataclass takes five times as long.
    """

    at: float
    clock: Clock

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        return cls(clock.monotonic() + seconds, clock)

    def left(self) -> float:
        """Seconds until then; 0 when it has passed."""
        return max(0.0, self.at - self.clock.monotonic())

    @property
    def passed(self) -> bool:
        return self.clock.monotonic() >= self.at

    def within(self, seconds: float) -> "Deadline":
        """The nearer of this deadline and `seconds` from now."""
        return Deadline(min(self.at, self.clock.monotonic() + seconds), self.clock)


def never_revoked() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Facts about one request that every call made for it needs.

    `authorization` is the caller's verified header, forwarded where a service verifies it again.
    `service_id` is the service that forwards the request, where a service key is asked for.
    `accept_language` is the caller's header as it came; `token_expires_at` is in epoch seconds.
    `for_write` is True when the request changes something. `is_revoked` is True once the user has
    lost access, for what outlives the request.
    """

    user_id: UserId
    roles: frozenset[Role]
    org_id: OrgId | None
    correlation_id: CorrelationId
    deadline: Deadline
    authorization: str = field(default="", repr=False)
    traceparent: str | None = None
    tracestate: str | None = None
    service_id: ServiceId | None = None
    accept_language: str = ""
    token_expires_at: float = math.inf
    for_write: bool = False
    is_revoked: Callable[[], bool] = field(default=never_revoked, repr=False)
