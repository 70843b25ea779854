"""What the gateway needs from others, one small port per need."""

from enum import StrEnum
from typing import Protocol


class Limit(StrEnum):
    """Which allowance a request is taken from; how much each allows is a setting."""

    USER = "user"
    SIGN_IN = "sign_in"
    SESSION = "session"


class Allowances(Protocol):
    """How much each caller may still ask for."""

    async def take(self, limit: Limit, subject: str) -> None:
        """Take one request from the allowance of `subject`; concurrent takers never share one.

        Raises:
            RateLimited: Nothing is left; `retry_after` says when there will be.
        """
        ...
