"""Screen 6: accounts, and the decisions on them. One service, so a failure is the answer's own."""

from pydantic import BaseModel

from bff_core.context import RequestContext
from services.bff_admin.contracts.identity import ItemError, ItemResult
from services.bff_admin.dto.user_decisions_v1 import (
    AdminItemErrorV1,
    AdminItemResultV1,
    AdminUserDecisionsV1,
    AdminUserDecisionV1,
    ApproveUserV1,
    DenyUserV1,
    UserDecisionsV1,
)
from services.bff_admin.dto.users_v1 import (
    AdminPendingUsersV1,
    AdminUserDetailV1,
    AdminUsersV1,
    PendingUsersQuery,
    UsersQuery,
)
from services.bff_admin.ports import Accounts, Decided

_ITEM_DETAILS = frozenset({"reason", "current"})


class UsersScreen:
    """Raises as `Accounts` does."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def pending(self, ctx: RequestContext, query: PendingUsersQuery) -> AdminPendingUsersV1:
        found = await self._accounts.pending(ctx, _parameters(query))
        return AdminPendingUsersV1.model_validate(found)

    async def page(self, ctx: RequestContext, query: UsersQuery) -> AdminUsersV1:
        return AdminUsersV1.model_validate(await self._accounts.page(ctx, _parameters(query)))

    async def one(self, ctx: RequestContext, user_id: str) -> AdminUserDetailV1:
        return AdminUserDetailV1.model_validate(await self._accounts.one(ctx, user_id))

    async def approve(self, ctx: RequestContext, user_id: str, asked: ApproveUserV1) -> Decided:
        return await self._accounts.approve(ctx, user_id, asked.expected_version, asked.note)

    async def deny(self, ctx: RequestContext, user_id: str, asked: DenyUserV1) -> Decided:
        return await self._accounts.deny(ctx, user_id, asked.expected_version, asked.reason)

    async def decide(self, ctx: RequestContext, asked: UserDecisionsV1) -> AdminUserDecisionsV1:
        items = [item.model_dump() for item in asked.items]
        found = await self._accounts.decide(ctx, items)
        return AdminUserDecisionsV1(results=[_result(one) for one in found.results])


def rendered(decided: Decided) -> AdminUserDecisionV1:
    return AdminUserDecisionV1.model_validate(decided.standing)


def _parameters(query: BaseModel) -> dict[str, str]:
    given = query.model_dump(mode="json", exclude_none=True)
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }


def _result(one: ItemResult) -> AdminItemResultV1:
    return AdminItemResultV1(
        user_id=one.user_id,
        outcome=one.outcome,
        status=one.status,
        decision=AdminUserDecisionV1.model_validate(one.decision) if one.decision else None,
        error=_item_error(one.error) if one.error else None,
    )


def _item_error(error: ItemError) -> AdminItemErrorV1:
    details = {name: value for name, value in error.details.items() if name in _ITEM_DETAILS}
    return AdminItemErrorV1(code=error.code, message=error.message, details=details)
