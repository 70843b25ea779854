"""Screen 6: accounts and decisions on them; and the signed-in admin."""

from pydantic import BaseModel

from bff_core.composition import Fetched, WithHeaders
from bff_core.context import RequestContext
from services.bff_admin.contracts.identity import AccountDetail, ItemResult
from services.bff_admin.dto.user_decisions_v1 import (
    AdminInvitationV1,
    AdminItemResultV1,
    AdminUserDecisionsV1,
    AdminUserDecisionV1,
    ApproveUserV1,
    DeactivateUserV1,
    DenyUserV1,
    InviteUserV1,
    UserDecisionsV1,
)
from services.bff_admin.dto.users_v1 import (
    AdminPendingUsersV1,
    AdminProfileV1,
    AdminUserDetailV1,
    AdminUsersV1,
    PendingUsersQuery,
    UsersQuery,
)
from services.bff_admin.ports import Accounts, Verb
from services.bff_admin.screens.parts import describe_all, optional_part, value_or_none

_ITEM_DETAILS = frozenset({"reason", "current"})


class UsersScreen:
    """Raises as `Accounts` does."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def pending(self, ctx: RequestContext, query: PendingUsersQuery) -> AdminPendingUsersV1:
        page = await self._accounts.pending(ctx, _parameters(query))
        return AdminPendingUsersV1.model_validate(page)

    async def page(self, ctx: RequestContext, query: UsersQuery) -> AdminUsersV1:
        return AdminUsersV1.model_validate(await self._accounts.page(ctx, _parameters(query)))

    async def one(self, ctx: RequestContext, user_id: str) -> AdminUserDetailV1:
        return AdminUserDetailV1.model_validate(await self._accounts.one(ctx, user_id))

    async def decide(
        self,
        ctx: RequestContext,
        user_id: str,
        verb: Verb,
        body: ApproveUserV1 | DenyUserV1 | DeactivateUserV1,
    ) -> WithHeaders[AdminUserDecisionV1]:
        decided = await self._accounts.decide(ctx, user_id, verb, body.model_dump())
        return WithHeaders(AdminUserDecisionV1.model_validate(decided.body), decided.headers)

    async def invite(
        self, ctx: RequestContext, key: str | None, body: InviteUserV1
    ) -> WithHeaders[AdminInvitationV1]:
        made = await self._accounts.invite(ctx, body.model_dump(), key)
        return WithHeaders(AdminInvitationV1.model_validate(made.body), made.headers)

    async def decide_many(self, ctx: RequestContext, body: UserDecisionsV1) -> AdminUserDecisionsV1:
        found = await self._accounts.decide_many(ctx, [item.model_dump() for item in body.items])
        return AdminUserDecisionsV1(results=[_item_dto(item) for item in found.results])


def _parameters(query: BaseModel) -> dict[str, str]:
    given = query.model_dump(mode="json", exclude_none=True)
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }


def _item_dto(item: ItemResult) -> AdminItemResultV1:
    result = AdminItemResultV1.model_validate(item, from_attributes=True)
    if result.error:
        details = result.error.details.items()
        result.error.details = {name: value for name, value in details if name in _ITEM_DETAILS}
    return result


class ProfileScreen:
    """Optional: `account`. The rest comes from the token."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def load(self, ctx: RequestContext) -> AdminProfileV1:
        account = await optional_part(self._account(ctx))
        person = value_or_none(account)
        return AdminProfileV1(
            user_id=ctx.user_id,
            roles=sorted(ctx.roles),
            org=ctx.org_id,
            email=person and person.email,
            first_name=person and person.first_name,
            last_name=person and person.last_name,
            display_name=person and person.display_name,
            parts=describe_all({"account": account}),
        )

    async def _account(self, ctx: RequestContext) -> Fetched[AccountDetail]:
        return Fetched(await self._accounts.one(ctx, ctx.user_id))
