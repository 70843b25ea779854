"""Facts for the screens: one read of the database serves all that a teacher looks at."""

from collections.abc import Mapping, Sequence

from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from services.bff_teacher.confirmations.database import share_of_reads
from services.bff_teacher.events.model import BatchEvents, Grade
from services.bff_teacher.events.store import SqlEventFacts
from services.bff_teacher.events.summary import grades_of
from services.bff_teacher.shared_reads import GroupedReads, RecentReads

MAX_AGE_SECONDS = 2.0

_Events = Mapping[str, BatchEvents]
_Grades = Mapping[str, Grade]


class RecentEvents:
    """`KnownEvents` over the store; a read that failed is kept as well."""

    is_read = True

    def __init__(self, store: SqlEventFacts, clock: Clock) -> None:
        self._store = store
        self._events = RecentReads[_Events](clock, max_age=MAX_AGE_SECONDS, keep_failures=True)
        self._grades = RecentReads[_Grades](clock, max_age=MAX_AGE_SECONDS, keep_failures=True)
        self._grouped = GroupedReads(store.of_batches)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, fresh: bool = False
    ) -> Fetched[_Events]:
        wanted = frozenset(one.lower() for one in batch_ids)
        if not wanted:
            return Fetched({})
        if fresh:
            return Fetched(await self._store.of_batches(wanted, share_of_reads(ctx.user_id)))
        return await self._events.get(ctx, wanted, lambda: self._grouped.get(wanted))

    async def grades(self, ctx: RequestContext, batch_id: str) -> Fetched[_Grades]:
        wanted = batch_id.lower()
        return await self._grades.get(ctx, wanted, lambda: self._read_grades(ctx.user_id, wanted))

    async def _read_grades(self, user_id: UserId, batch_id: str) -> _Grades:
        return grades_of(await self._store.grades(batch_id, user_id))

    def forget(self, user_id: UserId | None) -> None:
        """Drop the reads of a user, or of all."""
        self._events.forget(user_id)
        self._grades.forget(user_id)

    async def aclose(self) -> None:
        await self._events.aclose()
        await self._grades.aclose()
        await self._grouped.aclose()
