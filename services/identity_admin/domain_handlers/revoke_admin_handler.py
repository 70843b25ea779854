"""Admin role taken from an account, on the command line."""

from uuid import uuid4

from bff_core.clock import Clock
from bff_core.context import Deadline
from bff_core.errors import NotFound
from services.identity_admin.ports import ApprovalRepository


class RevokeAdminHandler:
    def __init__(self, repository: ApprovalRepository, role: str, clock: Clock) -> None:
        self._repository = repository
        self._role = role
        self._clock = clock

    async def revoke(self, email: str, deadline: Deadline) -> bool:
        """Take the role in one transaction; False when the account had no such role.

        Raises:
            NotFound: No account has this address.
        """
        user_id = await self._repository.find_user_id(email, deadline)
        if user_id is None:
            raise NotFound
        async with self._repository.begin(user_id, deadline) as transaction:
            return await transaction.revoke_role(self._role, uuid4(), self._clock.now())
