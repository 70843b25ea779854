"""Who waits, who stands where, and what was decided."""

from bff_core.clock import Clock, as_utc
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from services.identity_admin.domain_handlers import cursors
from services.identity_admin.domain_handlers.identifiers import person_in, uuid_or_flaw
from services.identity_admin.domain_handlers.rendering import past_of, user_of
from services.identity_admin.dto.user_approval_v1 import (
    MOST,
    DecisionListV1,
    DecisionQuery,
    PendingQuery,
    UserApprovalDetailV1,
    UserListV1,
    UserQuery,
)
from services.identity_admin.protocols import Filter, HistoryFilter, Place, Register
from services.identity_admin.standing import Status


class Listing:
    def __init__(self, register: Register, clock: Clock) -> None:
        self._register = register
        self._clock = clock

    async def pending(self, ctx: RequestContext, query: PendingQuery) -> UserListV1:
        return await self._people(ctx, query, Status.PENDING)

    async def users(self, ctx: RequestContext, query: UserQuery) -> UserListV1:
        return await self._people(ctx, query, Status(query.status) if query.status else None)

    async def user(self, ctx: RequestContext, user_id: str) -> UserApprovalDetailV1:
        """One person with their history.

        Raises:
            NotFound: There is no such person.
        """
        wanted = person_in(user_id)
        person = await self._register.person(wanted, ctx.deadline)
        if person is None:
            raise NotFound
        past = await self._register.history(HistoryFilter(user_id=wanted), MOST, ctx.deadline)
        shown = user_of(person, self._clock.now())
        history = [past_of(decision) for decision in reversed(past)]
        return UserApprovalDetailV1(**dict(shown), history=history)

    async def decisions(self, ctx: RequestContext, query: DecisionQuery) -> DecisionListV1:
        wanted = HistoryFilter(
            actor=uuid_or_flaw(query.actor, "/actor"),
            user_id=uuid_or_flaw(query.user_id, "/user_id"),
            since=as_utc(query.since) if query.since else None,
            before=query.cursor,
        )
        found = await self._register.history(wanted, query.limit + 1, ctx.deadline)
        page = found[: query.limit]
        more = len(found) > query.limit
        return DecisionListV1(
            decisions=[past_of(decision) for decision in page],
            next_cursor=str(page[-1].sequence) if more else None,
        )

    async def _people(
        self, ctx: RequestContext, query: PendingQuery, status: Status | None
    ) -> UserListV1:
        wanted = Filter(status, query.org, query.verified, query.q)
        after = cursors.read(query.cursor)
        # One more than asked for tells whether there is a next page.
        found = await self._register.people(wanted, after, query.limit + 1, ctx.deadline)
        page, now = found[: query.limit], self._clock.now()
        following = None
        if len(found) > query.limit:
            last = page[-1]
            following = cursors.written(Place(last.standing.requested_at, last.user_id))
        return UserListV1(users=[user_of(one, now) for one in page], next_cursor=following)
