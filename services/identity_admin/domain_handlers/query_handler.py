"""Lists of accounts and of decisions."""

from bff_core.clock import Clock, as_utc
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from services.identity_admin.domain_handlers.mapping import to_past_decision, to_user_approval
from services.identity_admin.domain_handlers.parameters import (
    decode_cursor,
    encode_cursor,
    parse_optional_uuid,
    parse_user_id,
)
from services.identity_admin.dto.user_approval_v1 import (
    MAX_PAGE_SIZE,
    DecisionListV1,
    DecisionQuery,
    PendingQuery,
    UserApprovalDetailV1,
    UserListV1,
    UserQuery,
)
from services.identity_admin.models import AccountScope, ApprovalStatus
from services.identity_admin.ports import ApprovalQueries, DecisionFilter, PageCursor, UserFilter


class ApprovalQueryHandler:
    def __init__(self, queries: ApprovalQueries, clock: Clock) -> None:
        self._queries = queries
        self._clock = clock

    async def list_pending(
        self, ctx: RequestContext, scope: AccountScope, query: PendingQuery
    ) -> UserListV1:
        return await self._list_users(ctx, scope, query, ApprovalStatus.PENDING)

    async def list_users(
        self, ctx: RequestContext, scope: AccountScope, query: UserQuery
    ) -> UserListV1:
        status = ApprovalStatus(query.status) if query.status else None
        return await self._list_users(ctx, scope, query, status)

    async def _list_users(
        self,
        ctx: RequestContext,
        scope: AccountScope,
        query: PendingQuery,
        status: ApprovalStatus | None,
    ) -> UserListV1:
        conditions = UserFilter(status, query.org, query.verified, query.q, scope)
        after = decode_cursor(query.cursor)
        # One account more than the page holds shows whether there is a next page.
        accounts = await self._queries.list_users(conditions, after, query.limit + 1, ctx.deadline)
        page, now = accounts[: query.limit], self._clock.now()
        next_cursor = None
        if len(accounts) > query.limit:
            last = page[-1]
            next_cursor = encode_cursor(PageCursor(last.approval.requested_at, last.user_id))
        users = [to_user_approval(account, now) for account in page]
        return UserListV1(users=users, next_cursor=next_cursor)

    async def get_user(
        self, ctx: RequestContext, scope: AccountScope, user_id: str
    ) -> UserApprovalDetailV1:
        """Return one account with its history.

        Raises:
            NotFound: There is no such account in the scope.
        """
        parsed = parse_user_id(user_id)
        account = await self._queries.get_user(parsed, scope, ctx.deadline)
        if account is None:
            raise NotFound
        past = await self._queries.list_decisions(
            DecisionFilter(user_id=parsed, scope=scope), MAX_PAGE_SIZE, ctx.deadline
        )
        approval = to_user_approval(account, self._clock.now())
        history = [to_past_decision(decision) for decision in reversed(past)]
        return UserApprovalDetailV1(**dict(approval), history=history)

    async def list_decisions(
        self, ctx: RequestContext, scope: AccountScope, query: DecisionQuery
    ) -> DecisionListV1:
        conditions = DecisionFilter(
            actor=parse_optional_uuid(query.actor, "/actor"),
            user_id=parse_optional_uuid(query.user_id, "/user_id"),
            since=as_utc(query.since) if query.since else None,
            before=query.cursor,
            scope=scope,
        )
        found = await self._queries.list_decisions(conditions, query.limit + 1, ctx.deadline)
        page = found[: query.limit]
        more = len(found) > query.limit
        return DecisionListV1(
            decisions=[to_past_decision(decision) for decision in page],
            next_cursor=str(page[-1].sequence) if more else None,
        )
