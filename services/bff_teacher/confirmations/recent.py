"""Confirmations for the screens: one read of the ledger serves all that a teacher looks at."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bff_core.clock import Clock
from bff_core.context import RequestContext, UserId
from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.model import Confirmations
from services.bff_teacher.recent_reads import RecentReads

MAX_AGE_SECONDS = 2.0

_Found = Mapping[str, datetime] | None
"""Confirmed batches; None when the ledger could not be read."""


class RecentConfirmations:
    """`ConfirmedBatches` over the ledger. A read that failed is kept as one that succeeded."""

    def __init__(self, ledger: Confirmations, clock: Clock) -> None:
        self._ledger = ledger
        self._recent = RecentReads[_Found](clock, max_age=MAX_AGE_SECONDS)

    async def confirmed(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Mapping[str, datetime]:
        wanted = frozenset(batch_ids)
        found = await self._recent.get(ctx, wanted, lambda: self._read(ctx.user_id, sorted(wanted)))
        if found.value is None:
            raise Unavailable(details={"reason": "ledger_unavailable"})
        return found.value

    def forget(self, user_id: UserId | None) -> None:
        self._recent.forget(user_id)

    async def aclose(self) -> None:
        await self._recent.aclose()

    async def _read(self, user_id: UserId, batch_ids: Sequence[str]) -> _Found:
        try:
            return await self._ledger.confirmed_at(batch_ids, user_id)
        except Unavailable:
            return None
