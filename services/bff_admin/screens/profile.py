"""The signed-in admin: the token's claims, with e-mail and names from the account."""

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from services.bff_admin.dto.users_v1 import AdminProfileV1, AdminUserDetailV1
from services.bff_admin.ports import Accounts
from services.bff_admin.screens.parts import describe_all, optional_part, value_or_none


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

    async def _account(self, ctx: RequestContext) -> Fetched[AdminUserDetailV1]:
        return Fetched(await self._accounts.one(ctx, ctx.user_id))
