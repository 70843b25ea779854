"""A session, the parts around it, and an Identity that is told how to answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from bff_core.auth import RevocationMarks
from bff_core.context import CorrelationId, UserId
from bff_core.errors import BffError
from bff_core.observability import Metrics
from bff_core.testing import FakeClock
from services.gateway.implementations.access_tokens import AccessTokens, UnsharedRenewals
from services.gateway.implementations.identity import Sender
from services.gateway.implementations.session_cookie import AccessToken, SessionContent
from services.gateway.implementations.sessions import SessionMarks

START = FakeClock().now().timestamp()
SENDER = Sender("192.0.2.1", CorrelationId("c"))
LIFETIME = 3600.0
EARLY = 60.0


def access(name: str, issued_at: float = START) -> AccessToken:
    expires_at = issued_at + LIFETIME
    return AccessToken(name, expires_at, expires_at - EARLY)


CONTENT = SessionContent(
    audience="production",
    session_id="s-1",
    csrf="a-csrf-token",
    user_id=UserId("teacher-1"),
    email="anna@skola.example",
    name="Anna Ek",
    created_at=START,
    expires_at=START + 86_400,
    seen_at=START,
    refresh_token="a-refresh-token",
    access=access("first"),
)


def content(**fields: object) -> SessionContent:
    return replace(CONTENT, **fields)


@dataclass
class IdentityStub:
    """Renews as `answer` says, and counts how often."""

    clock: FakeClock
    answer: Callable[[], None] = field(default=lambda: None)
    calls: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.held.set()

    async def refresh(self, refresh_token: str, sender: Sender) -> AccessToken:
        assert (refresh_token, sender) == (CONTENT.refresh_token, SENDER)
        self.calls += 1
        await self.held.wait()
        self.answer()
        return access(f"renewed-{self.calls}", self.clock.now().timestamp())

    def fail_with(self, error: BffError) -> None:
        def fail() -> None:
            raise error

        self.answer = fail

    def recover(self) -> None:
        self.answer = lambda: None


def access_tokens(identity: IdentityStub) -> AccessTokens:
    outcomes = Metrics("test").make.counter("renewals_total", "Renewals.", "outcome")
    return AccessTokens(identity.refresh, UnsharedRenewals(), identity.clock, outcomes)


def session_marks(clock: FakeClock) -> SessionMarks:
    failures = Metrics("test").make.counter("unpublished_total", "Marks.")
    marks = RevocationMarks(clock, 86_400)
    return SessionMarks(marks, None, clock, failures, lifetime=86_400)
