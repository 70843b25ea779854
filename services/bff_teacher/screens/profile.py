"""The signed-in user: the token's claims, with names from Identity."""

from bff_core.composition import Part
from bff_core.context import RequestContext
from services.bff_teacher.contracts.identity import IdentityProfile, ProfileName
from services.bff_teacher.dto.profile_v1 import TeacherProfileV1
from services.bff_teacher.ports import UserProfiles
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)

_EMPTY_PROFILE = IdentityProfile(ProfileName())


class ProfileScreen:
    """Optional: `profile`. The rest comes from the token."""

    def __init__(self, profiles: UserProfiles, disabled: DisabledParts) -> None:
        self._profiles = profiles
        self._disabled = disabled

    async def load(self, ctx: RequestContext) -> TeacherProfileV1:
        profile = await optional_unless_disabled(
            self._disabled, "profile", lambda: self._profiles.get(ctx)
        )
        return render(ctx, profile)


def render(ctx: RequestContext, profile: Part[IdentityProfile | None] | None) -> TeacherProfileV1:
    person = value_of(profile) or _EMPTY_PROFILE
    return TeacherProfileV1(
        user_id=ctx.user_id,
        roles=sorted(ctx.roles),
        org=ctx.org_id,
        first_name=person.person_name.first_name,
        last_name=person.person_name.last_name,
        display_name=person.display_name,
        locale=person.locale,
        parts=describe_parts({"profile": profile}),
    )
