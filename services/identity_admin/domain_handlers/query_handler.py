"""Lists of accounts and of decisions."""

import base64
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bff_core.clock import Clock, as_utc
from bff_core.context import RequestContext
from bff_core.errors import FieldError, NotFound, ValidationFailed
from bff_core.inputs import is_uuid
from services.identity_admin.domain_handlers.decide_handler import parse_user_id
from services.identity_admin.dto.field_types import StatusValue
from services.identity_admin.dto.user_approval_v1 import (
    MAX_PAGE_SIZE,
    DecisionListV1,
    DecisionQuery,
    PastDecisionV1,
    PendingQuery,
    UserApprovalDetailV1,
    UserApprovalV1,
    UserListV1,
)
from services.identity_admin.models import AccountScope, ApprovalStatus, PastDecision, UserAccount
from services.identity_admin.ports import ApprovalQueries, DecisionFilter, PageCursor, UserFilter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ApprovalQueryHandler:
    def __init__(self, queries: ApprovalQueries, clock: Clock) -> None:
        self._queries = queries
        self._clock = clock

    async def list_users(
        self,
        ctx: RequestContext,
        scope: AccountScope,
        query: PendingQuery,
        status: StatusValue | None,
    ) -> UserListV1:
        wanted = ApprovalStatus(status) if status else None
        conditions = UserFilter(wanted, query.org, query.verified, query.q, scope)
        after = decode_cursor(query.cursor)
        # One account more than the page holds shows whether there is a next page.
        accounts = await self._queries.list_users(conditions, after, query.limit + 1, ctx.deadline)
        page, now = accounts[: query.limit], self._clock.now()
        next_cursor = None
        if len(accounts) > query.limit:
            last = page[-1]
            next_cursor = encode_cursor(PageCursor(last.approval.requested_at, last.user_id))
        users = [_user_approval(account, now) for account in page]
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
        approval = _user_approval(account, self._clock.now())
        history = [_past_decision(decision) for decision in reversed(past)]
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
            decisions=[_past_decision(decision) for decision in page],
            next_cursor=str(page[-1].sequence) if more else None,
        )


def _user_approval(account: UserAccount, now: datetime) -> UserApprovalV1:
    state, waiting = account.approval, None
    if state.status is ApprovalStatus.PENDING:
        waiting = max(0, int((now - state.requested_at).total_seconds()))
    return UserApprovalV1.model_validate(
        asdict(account) | asdict(state) | {"waiting_seconds": waiting}
    )


def _past_decision(decision: PastDecision) -> PastDecisionV1:
    return PastDecisionV1.model_validate(decision, from_attributes=True)


def parse_optional_uuid(text: str | None, pointer: str) -> UUID | None:
    """Parse a query parameter; None stays None.

    Raises:
        ValidationFailed: The text is no UUID; the error names `pointer`.
    """
    if text is None:
        return None
    if not is_uuid(text):
        raise ValidationFailed([FieldError(pointer, "Must be a UUID")])
    return UUID(text)


def encode_cursor(cursor: PageCursor) -> str:
    """Base64 of eight bytes of microseconds since 1970 and sixteen bytes of user id."""
    microseconds = (cursor.requested_at - _EPOCH) // _MICROSECOND
    raw = microseconds.to_bytes(8, "big", signed=True) + cursor.user_id.bytes
    return base64.urlsafe_b64encode(raw).decode()


def decode_cursor(text: str | None) -> PageCursor | None:
    """Decode what `encode_cursor` returned; None stays None and means the first page.

    Raises:
        ValidationFailed: The text is no cursor.
    """
    if text is None:
        return None
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        requested_at = _EPOCH + int.from_bytes(raw[:8], "big", signed=True) * _MICROSECOND
        return PageCursor(requested_at, UUID(bytes=raw[8:]))
    except (ValueError, OverflowError) as error:
        raise ValidationFailed(
            [FieldError("/cursor", "Use next_cursor of the page before")]
        ) from error
