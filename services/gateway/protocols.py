"""What the gateway needs from others, one small port per need."""

from typing import Protocol

from services.gateway.route_table import Limit


class Allowances(Protocol):
    """How much each caller may still ask for."""

    async def take(self, limit: Limit, subject: str) -> None:
        """Take one request from the allowance of `subject`; concurrent takers never share one.

        Raises:
            RateLimited: Nothing is left; `retry_after` says when there will be.
        """
        ...
