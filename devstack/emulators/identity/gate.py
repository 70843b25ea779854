"""The seam for account approval: who may sign in, and what else a registration writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class SignInRefusal:
    """`reason` goes into the audit row and the login.failed event, the rest to the client."""

    code: str
    message: str
    reason: str
    status: int = 403


class SignInGate(Protocol):
    async def refusal(self, user_id: UUID) -> SignInRefusal | None:
        """Why this person may not sign in now; None lets them in.

        Asked by login after the e-mail check, and by every refresh before its session.
        """
        ...


class RegistrationHook(Protocol):
    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        """Write in the registration's own transaction; raising undoes the registration."""
        ...

    async def admitted(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        """The same for somebody who is in from the start, such as the demo's teachers."""
        ...


class OpenGate:
    """The platform as it is: everybody with a verified e-mail comes in."""

    async def refusal(self, user_id: UUID) -> SignInRefusal | None:  # noqa: ARG002 - the port's shape
        return None


class NothingToRegister:
    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        """The platform writes nothing more."""

    async def admitted(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        """The platform writes nothing more."""
