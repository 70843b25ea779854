"""Making the first admin, from the command line."""

from dataclasses import dataclass
from uuid import uuid4

from bff_core.clock import Clock
from bff_core.context import Deadline
from bff_core.errors import NotFound
from services.identity_admin.approval import judge
from services.identity_admin.protocols import Casebook
from services.identity_admin.standing import Action, Order

_WHY = "granted admin on the command line"


@dataclass(frozen=True, slots=True)
class Granted:
    """What was new about it; neither when the person was an admin already."""

    role: bool
    approval: bool


class Granting:
    def __init__(self, casebook: Casebook, role: str, clock: Clock) -> None:
        self._casebook = casebook
        self._role = role
        self._clock = clock

    async def grant(self, email: str, deadline: Deadline) -> Granted:
        """Role and approval, with history, audit rows and event, in one transaction.

        Raises:
            NotFound: Nobody has this address.
        """
        user_id = await self._casebook.find(email, deadline)
        if user_id is None:
            raise NotFound
        order = Order(user_id, Action.APPROVE, None, None, uuid4(), _WHY)
        async with self._casebook.open(user_id, deadline) as case:
            now = self._clock.now()
            change = judge(case.standing, order, now)
            if change is not None:
                await case.record(change)
            role = await case.make_admin(self._role, order.correlation_id, now)
        return Granted(role=role, approval=change is not None)
