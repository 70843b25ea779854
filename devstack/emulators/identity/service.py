"""The state of one emulated Identity, and the transactions of its flows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from quart import Quart, Response, current_app, g, request
from sqlalchemy import CursorResult, Executable, Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.clock import Clock, SystemClock, to_wire
from devstack.emulators import responses
from devstack.emulators.identity.login_limit import LoginLimit
from devstack.emulators.identity.settings import IdentityEmulatorSettings
from devstack.emulators.identity.tables import event_outbox, users
from devstack.emulators.identity.tokens import TokenIssuer
from devstack.emulators.responses import DetailedError, ErrorAnswer, PlainError, canonical_uuid
from services.identity_admin.implementations.gate import SignInRefusal

__all__ = ["Approval", "Clock", "Identity", "SystemClock", "Transaction", "identity", "to_wire"]

EXTENSION = "identity"
SERVICE = "identity_service"
log = structlog.get_logger()
# Cheap on purpose: the demo's passwords are public.
_HASHER = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)


class Approval:
    """The interface of account approval; this one is the platform as it is, without approval."""

    def mount(self, app: Quart, engine: AsyncEngine) -> None:
        """Add routes to the app before it starts."""

    async def start(self, engine: AsyncEngine) -> None:
        """Start once Identity's own tables are there, before anyone is in them."""

    async def stop(self) -> None:
        """End what `start` began."""

    async def refusal(self, user_id: UUID) -> SignInRefusal | None:
        """The reason why this person may not sign in; None lets them in.

        Called by login after the e-mail check, and by every refresh before its session check.
        """
        del user_id
        return None

    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        """Write in the registration's own transaction; an error undoes the registration."""

    async def admitted(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        """Write in the same way for a person who needs no approval, such as the demo's teachers."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One database transaction of a request."""

    connection: AsyncConnection
    now: datetime

    async def execute(self, statement: Executable) -> CursorResult[Any]:
        return await self.connection.execute(statement)

    async def user(self, user_id: UUID) -> Row[Any] | None:
        return (await self.execute(select(users).where(users.c.id == user_id))).first()

    async def user_by_email(self, email: str) -> Row[Any] | None:
        """The user of an e-mail in any case."""
        return (await self.execute(select(users).where(users.c.email == email.lower()))).first()

    async def update_user(self, user_id: UUID, **values: object) -> None:
        await self.execute(update(users).where(users.c.id == user_id).values(values))

    async def publish(self, topic: str, user_id: UUID, **data: object) -> None:
        """Put a user's event with its envelope into the outbox; `data` must be JSON."""
        ids = {"user_id": str(user_id), "correlation_id": g.correlation_id}
        envelope = {
            "event_id": str(uuid4()),
            "event_type": topic,
            "event_timestamp": to_wire(self.now),
            "source_service": SERVICE,
            "schema_version": 1,
            "correlation_id": g.correlation_id,
            "data_schema_uri": None,
            "data": {**data, **ids},
            "metadata": None,
            "topic": topic,
        }
        row = insert(event_outbox).values(
            aggregate_id=str(user_id),
            aggregate_type="user",
            event_type=topic,
            event_data=envelope,
            event_key=str(user_id),
            topic=topic,
            created_at=self.now,
        )
        await self.execute(row)


@dataclass(frozen=True, slots=True)
class Identity:
    settings: IdentityEmulatorSettings
    engine: AsyncEngine
    issuer: TokenIssuer
    limit: LoginLimit
    approval: Approval
    clock: Clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.engine.begin() as connection:
            yield Transaction(connection, self.clock.now())


def identity() -> Identity:
    """The Identity behind the current request."""
    return cast("Identity", current_app.extensions[EXTENSION])


async def set_request_ids() -> None:
    """Give the request its correlation and trace ids; runs before every request."""
    sent = canonical_uuid(request.headers.get("X-Correlation-ID", ""))
    g.correlation_id = sent or str(uuid4())
    g.trace_id = uuid4().hex
    g.span_id = uuid4().hex[:16]


async def add_trace_headers(response: Response) -> Response:
    response.headers["traceparent"] = f"00-{g.trace_id}-{g.span_id}-03"
    response.headers["X-Trace-ID"] = g.trace_id
    response.headers["X-Span-ID"] = g.span_id
    return response


async def answer_error(error: Exception) -> tuple[Response, int]:
    """Any other error, a malformed body included, is a 500 without details."""
    if isinstance(error, DetailedError):
        ids = {"correlation_id": g.correlation_id, "trace_id": g.trace_id, "span_id": g.span_id}
        error.detail.update(ids)
    if isinstance(error, ErrorAnswer):
        return await responses.answer_error(error)
    log.warning("request_failed", error=type(error).__name__, correlation_id=g.correlation_id)
    return await responses.internal_error()


def refused(
    operation: str, code: str, message: str, status: int = 400, /, **details: object
) -> DetailedError:
    return DetailedError(SERVICE, operation, code, message, status, **details)


def client_address() -> str | None:
    """The first address of `X-Forwarded-For`, which the platform believes, else the peer's."""
    forwarded = request.headers.get("X-Forwarded-For")
    return forwarded.split(",")[0].strip() if forwarded else request.remote_addr


def bearer_token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" and token else None


def signed_in() -> tuple[UUID, str | None]:
    """The token's user id, and its jti if it has one: refresh tokens are accepted, too.

    Raises:
        PlainError: There is no good token.
    """
    token = bearer_token()
    claims = identity().issuer.verify(token) if token else {}
    user_id, jti = claims.get("sub"), claims.get("jti")
    if not isinstance(user_id, str):
        raise PlainError("Invalid or expired token", 401)
    return UUID(user_id), jti if isinstance(jti, str) else None


async def json_texts(*names: str) -> list[str]:
    """The named texts of the JSON body.

    Raises:
        BadRequest, KeyError, TypeError: The body is not such an object.
    """
    body = await request.get_json()
    texts = [body[name] for name in names]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a field is no text")
    return texts


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(_HASHER.hash, password)


async def password_matches(stored: str, password: str) -> bool:
    """False also for a stored text that is no hash."""
    try:
        return await asyncio.to_thread(_HASHER.verify, stored, password)
    except (VerificationError, InvalidHashError):
        return False
