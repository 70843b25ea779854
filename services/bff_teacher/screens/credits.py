"""Credits of the signed-in teacher, as a screen and as a part of the dashboard."""

from dataclasses import dataclass

from bff_core.composition import Part
from bff_core.context import RequestContext
from services.bff_teacher.contracts.entitlements import Balance
from services.bff_teacher.dto.credits_v1 import CreditsV1, TeacherCreditsV1
from services.bff_teacher.ports import Credits
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)


@dataclass(frozen=True, slots=True)
class CreditsScreen:
    """Optional: `credits`."""

    balances: Credits
    disabled: DisabledParts

    async def load(self, ctx: RequestContext) -> TeacherCreditsV1:
        balance = await read_credits(self.disabled, self.balances, ctx)
        return TeacherCreditsV1(
            credits=credits_dto(value_of(balance)), parts=describe_parts({"credits": balance})
        )


async def read_credits(
    disabled: DisabledParts, balances: Credits, ctx: RequestContext
) -> Part[Balance] | None:
    return await optional_unless_disabled(disabled, "credits", lambda: balances.balance(ctx))


def credits_dto(balance: Balance | None) -> CreditsV1 | None:
    if balance is None:
        return None
    return CreditsV1(
        available=balance.user_balance,
        org_available=balance.org_balance,
        level="none" if balance.user_balance <= 0 else None,
    )
